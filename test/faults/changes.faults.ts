import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../helpers/process.js';
import { Receiver, SECRET } from '../helpers/receiver.js';
import { createGroups, faultsOf, writeChanges } from './helpers/change-writers.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';
import { scratchFolder } from './helpers/scratch-folder.js';

const CONSUMER = join(import.meta.dirname, 'helpers/change-consumer.mjs');
const KEY = 'k';
/** `CHANGES=50000` and `KILLS=50` make it shorter. */
const CHANGES = Number(process.env['CHANGES'] ?? 1_000_000);
/** The webhooks send some 300 changes per second: a million takes an hour. */
const WEBHOOK_CHANGES = Number(process.env['CHANGES'] ?? 100_000);
/** Time limit of the sending, in ms per change. */
const MS_PER_WEBHOOK = 9;
const KILLS = Number(process.env['KILLS'] ?? 500);
const WRITERS = { writers: 16, sleepers: 4 };

let postgres: PostgresServer;
let replica: Replica | undefined;

beforeEach(async () => {
  postgres = await PostgresServer.create({ synchronous_commit: 'off' });
});

afterEach(async () => {
  await replica?.remove();
  await postgres.remove();
});

/** A consumer in a process of its own, which can be killed and goes on at its cursor. */
class Consumer {
  private child!: ChildProcess;

  constructor(
    private readonly url: string,
    private readonly folder: string,
  ) {}

  run(): void {
    this.child = spawn(process.execPath, [CONSUMER, this.url, KEY, this.folder], { stdio: 'ignore' });
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** What it received. The last line may be cut by a kill: it comes again. */
  async received(): Promise<[string, number][]> {
    const file = join(this.folder, 'received');
    const lines = existsSync(file) ? (await readFile(file, 'utf8')).split('\n') : [];
    return lines
      .map((line) => /^(\S+) (\d+)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, groupID, revision]) => [groupID!, Number(revision)]);
  }
}

it('consumers that are killed at random get every change in order', async () => {
  const rehearsal = new Rehearsal('Changes: killed consumers');
  replica = await Replica.start(postgres.url, { ADMIN_API_KEY: KEY });
  await createGroups(postgres.url);
  const consumers = await Promise.all(
    Array.from({ length: 3 }, async () => new Consumer(replica!.url, await scratchFolder())),
  );
  consumers.forEach((consumer) => consumer.run());
  let kills = 0;
  const writing = { isOver: false };
  const killing = (async () => {
    while (!writing.isOver || kills < KILLS) {
      await sleep(Math.random() * 300);
      const consumer = consumers[Math.floor(Math.random() * consumers.length)]!;
      await consumer.kill();
      consumer.run();
      kills += 1;
    }
  })();
  const last = await writeChanges(postgres.url, { changes: CHANGES, ...WRITERS });
  writing.isOver = true;
  await killing;
  const total = { lost: 0, gaps: 0, again: 0 };
  for (const consumer of consumers) {
    await eventually(async () => faultsOf(await consumer.received(), last).lost === 0, 120_000).catch(
      () => undefined,
    );
    await consumer.kill();
    const { lost, gaps, again } = faultsOf(await consumer.received(), last);
    total.lost += lost;
    total.gaps += gaps;
    total.again += again;
  }
  const faults = await rehearsal.end(
    `${CHANGES} changes by 16 writers, 4 of which sleep in their transactions; 3 consumers`,
    { lost: total.lost, 'gaps or out of order': total.gaps },
    { kills, 'received again': total.again },
  );
  expect(faults).toEqual({});
});

it(
  'a receiver of webhooks that fails a third of the time gets every change in order',
  async () => {
    const rehearsal = new Rehearsal('Webhooks: a receiver that fails');
    const receiver = await Receiver.start();
    let failed = 0;
    const received: [string, number][] = [];
    receiver.answer = ({ groupID, revision }) => {
      receiver.attempts.length = 0; // a million do not fit into the memory
      if (Math.random() < 1 / 3) {
        failed += 1;
        return 500;
      }
      received.push([groupID, revision]);
      return 204;
    };
    replica = await Replica.start(postgres.url, {
      ADMIN_API_KEY: KEY,
      CHANGES_WEBHOOK_URL: receiver.url,
      CHANGES_WEBHOOK_SECRET: SECRET,
    });
    await createGroups(postgres.url);
    await sleep(5000); // the endpoint begins
    const last = await writeChanges(postgres.url, { changes: WEBHOOK_CHANGES, ...WRITERS });
    await replica.end('SIGKILL'); // in the middle
    replica.run();
    await replica.ready();
    const start = Date.now();
    while (faultsOf(received, last).lost > 0 && Date.now() - start < WEBHOOK_CHANGES * MS_PER_WEBHOOK) {
      await sleep(5000);
    }
    const { lost, gaps, again } = faultsOf(received, last);
    await receiver.stop();
    const faults = await rehearsal.end(
      `${WEBHOOK_CHANGES} changes by 16 writers; a third of the attempts fails; kill -9 of the sender`,
      { lost, 'gaps or out of order': gaps },
      { failed, 'received again': again },
    );
    expect(faults).toEqual({});
  },
  WEBHOOK_CHANGES * MS_PER_WEBHOOK + 600_000,
);
