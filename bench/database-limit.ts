import { Client } from 'pg';
import { bareStatement } from './bare-statement.js';
import { bodyOf } from './bodies.js';
import { answerWith } from './child.js';
import { type LoadOrder, type LoadResult, runOrder } from './load-order.js';
import { sessionSettings } from '../src/database/session-settings.js';
import { prepareSession } from '../src/postgres/session.js';

const [databaseUrl] = process.argv.slice(2);
/** Statements prepared for each second of a round. More than PostgreSQL runs in a second; a round without statements ends early. */
const PER_SECOND = 10_000;

const clients: Client[] = [];

/** Measures the limit of PostgreSQL: connections run the statement back to back, with prepared parameters. */
async function run(order: LoadOrder): Promise<LoadResult> {
  while (clients.length < order.concurrency) {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    await prepareSession(client, sessionSettings({ JOURNAL: 'on' }));
    clients.push(client);
  }
  const requests = Math.min(order.requests ?? Infinity, Math.ceil((order.seconds ?? 1) * PER_SECOND));
  const statements = Array.from({ length: requests }, (_, index) =>
    bareStatement(order.kind, Buffer.from(bodyOf(order.kind, order.first + index, order.members))),
  );
  return runOrder({ ...order, requests }, async (number, connection) => {
    const start = performance.now();
    await clients[connection]!.query(statements[number - order.first]!);
    return performance.now() - start;
  });
}

answerWith(run);
