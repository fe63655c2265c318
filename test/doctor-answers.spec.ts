import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCallbackUrl } from '../src/doctor/callback-url.js';
import { readConfig } from '../src/config/read-config.js';
import { canMakeCertificates, makeCertificate } from './helpers/certificate.js';

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterAll(() => {
  servers.forEach((server) => server.close());
  sockets.forEach((socket) => socket.destroy());
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns an address where no process listens. */
async function unusedAddress(): Promise<string> {
  const server = createTcpServer();
  const host = await listen(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return host;
}

const answering = (status: number, body = ''): Promise<string> =>
  listen(createServer((_, response) => response.writeHead(status).end(body)));
const refusal = (errCode: number, errDlt: string): string =>
  JSON.stringify({ actionCode: 1, errCode, errMsg: 'x', errDlt, nextCode: 0 });

const ok: RequestListener = (_, response) => response.end();

/** Returns the last finding of doctor for a url, in one line. */
async function findingOf(url: string): Promise<string> {
  const { findings, operationID } = await checkCallbackUrl(
    url,
    readConfig({ NODE_ENV: 'test', CALLBACK_TOKEN: 't%,t\u00e9' }),
  );
  const { level, message, action } = findings.at(-1)!;
  expect([level, operationID === undefined]).toEqual(level === 'ok' ? ['ok', false] : ['error', true]);
  return `${message}. ${action ?? ''}`;
}
const findingAt = async (host: Promise<string>, protocol = 'http'): Promise<string> =>
  findingOf(`${protocol}://openim:t%25@${await host}/callback`);

it.each([
  [
    'the service for another token',
    answering(401),
    /is refused: the token is wrong\. Set the password in the url to the CALLBACK_TOKEN/,
  ],
  [
    'the service after many wrong tokens',
    answering(429),
    /too many wrong ones came from this address\. .*to the CALLBACK_TOKEN/,
  ],
  [
    'a firewall',
    answering(403),
    /is refused by something before the service .*pass \/callback to the service/,
  ],
  ['a redirect', answering(301), /is redirected \(HTTP 301\)\. Configure the final url/],
  [
    'a proxy without its service',
    answering(502, '<html>'),
    /by a proxy that does not reach the service \(HTTP 502\)\. Check that the service is running/,
  ],
  ['a proxy that times out', answering(504), /by a proxy that does not reach the service \(HTTP 504\)/],
  [
    'a proxy without capacity',
    answering(503, 'no'),
    /by a proxy that does not reach the service \(HTTP 503\)/,
  ],
  [
    'the service without a database',
    answering(503, refusal(503, 'away')),
    /reaches the service, which refuses it \(HTTP 503\)\. .*\/health\/ready/,
  ],
  [
    'another path of the service',
    answering(404, refusal(404, 'The url ends in /callback')),
    /refuses it \(HTTP 404\)\. Read its message: The url ends in/,
  ],
  ['another service', answering(200, 'hello'), /by something else \(HTTP 200\)/],
  ['an unused port', unusedAddress(), /is not answered: ECONNREFUSED, no process listens there\./],
  [
    'a server that closes the connection',
    listen(createTcpServer((socket) => socket.destroy())),
    /the connection was closed without an answer\. .*https:\/\//,
  ],
  [
    'a server of another protocol',
    listen(createTcpServer((socket) => socket.end('+OK\r\n'))),
    /is not answered: the server does not speak HTTP\./,
  ],
])('Doctor names the problem of an answer from %s', async (_, host, sentence) => {
  expect(await findingAt(host)).toMatch(sentence);
});

it('Doctor names the problem of an unknown host, and of one that does not answer', async () => {
  const [unknown, silent] = await Promise.all([
    findingOf('http://openim:t%25@nowhere.invalid/callback'),
    findingAt(listen(createTcpServer())),
  ]);
  expect(unknown).toMatch(/is not answered: \w+, DNS (does not know|did not resolve) the host\. /);
  expect(silent).toMatch(/is not answered: no answer within 5 s\. A firewall/);
}, 10_000);

const withOpenSsl = canMakeCertificates ? it : it.skip;

withOpenSsl('Doctor names the problem of TLS (skipped without openssl)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openim-group-sync-tls-'));
  const { key, certificate } = makeCertificate(join(folder, 'one'));
  const server = () =>
    createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, ok) as unknown as Server;
  expect(await findingAt(listen(server()), 'https')).toMatch(
    /its certificate is self-signed\. OpenIM trusts the certificates/,
  );
  expect(await findingAt(listen(server()), 'http')).toMatch(/is not answered: .*https:\/\//);
  expect(await findingAt(answering(200), 'https')).toMatch(/the server does not speak TLS\. .*http:\/\//);
  rmSync(folder, { recursive: true });
});

it.each([
  ['http://openim:t%@h/callback', /a % without two hexadecimal digits after it.*a % becomes %25/],
  ['http://openim:%zz@h/callback', /a % without two hexadecimal digits/],
  ['http://openim:t%25@h/%/callback', /a % without two hexadecimal digits/],
  ['http://openim:%ff@h/callback', /is not CALLBACK_TOKEN/],
])('Doctor names the problem of the url %s', async (url, sentence) => {
  expect(await findingOf(url)).toMatch(sentence);
});

it('Doctor sends the token decoded from the url', async () => {
  let authorization: string | undefined;
  const host = listen(
    createServer((request, response) => {
      ({ authorization } = request.headers);
      response.end('{"actionCode":0,"errCode":0,"errMsg":"","errDlt":"","nextCode":0}');
    }),
  );
  expect(await findingOf(`http://openim:t%C3%A9@${await host}/callback`)).toContain(
    'is answered by the service',
  );
  expect(authorization).toBe(`Basic ${Buffer.from('openim:té').toString('base64')}`);
});
