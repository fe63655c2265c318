import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { Pool } from 'pg';
import { bareStatement } from './bare-statement.js';
import { COMMANDS, type Kind } from './bodies.js';
import { answerWith } from './child.js';
import { sessionSettings } from '../src/database/session-settings.js';
import { readDatabaseUrl } from '../src/postgres/connection-options.js';
import { poolOptions } from '../src/postgres/pool.js';

const [databaseUrl, port] = process.argv.slice(2);
const REPLY = JSON.stringify({ actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 1 });
const HEAD = {
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(REPLY),
};
const KINDS = new Map(
  Object.entries(COMMANDS).map(([kind, command]) => [`/callback/${command}`, kind as Kind]),
);

const pool = new Pool({
  ...poolOptions(readDatabaseUrl(databaseUrl!), sessionSettings({ JOURNAL: 'on' })),
  max: 10,
});

async function write(request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(request, 'end');
  await pool.query(bareStatement(KINDS.get(request.url ?? '')!, Buffer.concat(chunks)));
}

/** Measures the limit of Node: a server that only reads the body, runs the statement and answers. */
const server = createServer((request, response) => {
  write(request).then(
    () => response.writeHead(200, HEAD).end(REPLY),
    (error: Error) => response.writeHead(500).end(error.message),
  );
});
const listening = once(server.listen(Number(port), '127.0.0.1'), 'listening');

answerWith(async () => {
  await listening;
});
