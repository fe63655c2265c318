import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkCallbackUrl } from '../src/cli/doctor/callback-url.js';
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

/** Where somebody listened until now. */
async function nobody(): Promise<string> {
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

/** What doctor says of a url: the last finding, in one line. */
async function said(url: string): Promise<string> {
  const { findings, operationID } = await checkCallbackUrl(
    url,
    readConfig({ NODE_ENV: 'test', CALLBACK_TOKEN: 't%,t\u00e9' }),
  );
  const { is, what, advice } = findings.at(-1)!;
  expect([is, operationID === undefined]).toEqual(is === 'well' ? ['well', false] : ['wrong', true]);
  return `${what}. ${advice ?? ''}`;
}
const saidOf = async (host: Promise<string>, protocol = 'http'): Promise<string> =>
  said(`${protocol}://openim:t%25@${await host}/callback`);

it.each([
  ['another token', answering(401), /is refused: the token\. The password in the url must be CALLBACK_TOKEN/],
  [
    'many wrong tokens',
    answering(429),
    /too many wrong ones came from this address\. .*must be CALLBACK_TOKEN/,
  ],
  ['a firewall', answering(403), /is refused by something before the service .*pass \/callback on/],
  ['a redirect', answering(301), /is redirected \(301\)\. .*Give the final url/],
  [
    'a proxy without its service',
    answering(502, '<html>'),
    /by a proxy that does not reach the service \(HTTP 502\)\. Is the service running/,
  ],
  ['a proxy that waits too long', answering(504), /by a proxy that does not reach the service \(HTTP 504\)/],
  [
    'a proxy without a place',
    answering(503, 'no'),
    /by a proxy that does not reach the service \(HTTP 503\)/,
  ],
  [
    'the service without a database',
    answering(503, refusal(503, 'away')),
    /by the service, but not taken \(HTTP 503\)\. .*\/health\/ready/,
  ],
  [
    'another path of the service',
    answering(404, refusal(404, 'The url ends in /callback')),
    /not taken \(HTTP 404\)\. It says: The url ends in/,
  ],
  ['another service', answering(200, 'hello'), /by something else \(HTTP 200\)/],
  ['nobody', nobody(), /was not answered: ECONNREFUSED, nobody listens there\./],
  [
    'who closes at once',
    listen(createTcpServer((socket) => socket.destroy())),
    /the connection was closed without an answer\. .*https:\/\//,
  ],
  [
    'who speaks another language',
    listen(createTcpServer((socket) => socket.end('+OK\r\n'))),
    /was not answered: no HTTP is spoken there\./,
  ],
])('names %s', async (_, host, sentence) => {
  expect(await saidOf(host)).toMatch(sentence);
});

it('names a host that is not there, and one that says nothing', async () => {
  const [unknown, silent] = await Promise.all([
    said('http://openim:t%25@nowhere.invalid/callback'),
    saidOf(listen(createTcpServer())),
  ]);
  expect(unknown).toMatch(/was not answered: \w+, its host (is not known|could not be looked up)\. /);
  expect(silent).toMatch(/was not answered: nothing came within 5 s\. A firewall/);
}, 10_000);

const withOpenSsl = canMakeCertificates ? it : it.skip;

withOpenSsl('names what is wrong with TLS (skipped without openssl)', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'openim-group-sync-tls-'));
  const { key, certificate } = makeCertificate(join(folder, 'one'));
  const server = () =>
    createTlsServer({ key: readFileSync(key), cert: readFileSync(certificate) }, ok) as unknown as Server;
  expect(await saidOf(listen(server()), 'https')).toMatch(
    /its certificate is signed by itself\. OpenIM trusts only/,
  );
  expect(await saidOf(listen(server()), 'http')).toMatch(/was not answered: .*https:\/\//);
  expect(await saidOf(answering(200), 'https')).toMatch(/no TLS is spoken there\. .*http:\/\//);
  rmSync(folder, { recursive: true });
});

it.each([
  ['http://openim:t%@h/callback', /a % without two hexadecimal digits behind it.*a % is written %25/],
  ['http://openim:%zz@h/callback', /a % without two hexadecimal digits/],
  ['http://openim:t%25@h/%/callback', /a % without two hexadecimal digits/],
  ['http://openim:%ff@h/callback', /is not CALLBACK_TOKEN/],
])('names what is wrong with %s', async (url, sentence) => {
  expect(await said(url)).toMatch(sentence);
});

it('sends the token as it was meant', async () => {
  let authorization: string | undefined;
  const host = listen(
    createServer((request, response) => {
      ({ authorization } = request.headers);
      response.end('{"actionCode":0,"errCode":0,"errMsg":"","errDlt":"","nextCode":0}');
    }),
  );
  expect(await said(`http://openim:t%C3%A9@${await host}/callback`)).toContain('is answered as it should be');
  expect(authorization).toBe(`Basic ${Buffer.from('openim:té').toString('base64')}`);
});
