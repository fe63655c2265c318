import { mkdir, writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { encodeEntry } from '../../src/journal/journal-entry.js';
import type { Bench } from '../bench.js';
import { bodyOf, COMMANDS, RENAMED_PREFIX, SEEDED_GROUPS } from '../bodies.js';
import { Child } from '../child.js';
import { exchange } from '../exchange.js';
import type { HttpLoadOrder } from '../load.js';
import type { LoadResult } from '../load-order.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { seedGroups } from './seed-groups.js';

const POLL_MS = 5;
/** Number of the first body that a client sends to a running service. Smaller numbers are in the journal. */
const FIRST_LIVE_NUMBER = 1_000_000;
const BUSY_GROUPS = 20;
const QUIET_GROUPS = 1000;

/** Compares the rate of a journal drain with the rate of the same callbacks live. */
export async function measureJournal(bench: Bench): Promise<Section> {
  const { postgres, resources, sizes } = bench;
  await postgres.database(resources, 'journal');
  await seedGroups(postgres, 'journal', 1);
  const live = await measureLive(bench);
  const rows = [['live, concurrency 32', '', figure(live), '']];
  const targets: Target[] = [];
  for (const [title, groups, senders] of [
    [`${figure(QUIET_GROUPS)} groups`, QUIET_GROUPS, 0],
    [`${BUSY_GROUPS} busy groups, two senders active`, BUSY_GROUPS, 2],
  ] as const) {
    bench.progress(`a journal of ${sizes.journaled} callbacks of ${title}`);
    const { drained, seconds, sent } = await drain(bench, groups, senders);
    const perSecond = drained / seconds;
    rows.push([title, figure(seconds), figure(perSecond), ratio(perSecond / live)]);
    targets.push({
      what: `journal of ${title}: drained per second / live at concurrency 32${senders ? `; ${figure(sent / seconds)} per second arrive` : ''}`,
      measured: ratio(perSecond / live),
      target: '>= 1.00',
      holds: perSecond >= live,
    });
  }
  return {
    title: 'Journal',
    notes: [
      `A service starts with ${figure(sizes.journaled)} callbacks (set-group-info) in its journal. The time runs from readiness until the journal is empty. ` +
        'Callbacks that arrive meanwhile wait behind the others; the count includes them.',
    ],
    tables: [{ columns: ['callbacks of', 'seconds', 'per second', 'ratio to live'], rows }],
    targets,
  };
}

async function measureLive(bench: Bench): Promise<number> {
  const { resources, sizes } = bench;
  return resources.within(async (own) => {
    const service = await start(bench, 'live', own);
    const load = Child.start(own, 'load');
    const order = {
      kind: 'setGroupInfo',
      members: 0,
      concurrency: 32,
      url: service.url,
      token: service.token,
    } as const;
    await load.ask<LoadResult>({ ...order, first: 0, seconds: sizes.warmUpSeconds } satisfies HttpLoadOrder);
    const { done, seconds } = await load.ask<LoadResult>({
      ...order,
      first: FIRST_LIVE_NUMBER,
      requests: sizes.journaled,
    });
    return done / seconds;
  });
}

async function drain(
  bench: Bench,
  groups: number,
  senders: number,
): Promise<{ drained: number; seconds: number; sent: number }> {
  const { resources, sizes } = bench;
  return resources.within(async (own) => {
    const name = `${groups}-groups`;
    await writeJournal(join(bench.folder, name, 'journal'), sizes.journaled, groups);
    const service = await start(bench, name, own);
    const begin = performance.now();
    const stop = new AbortController();
    const sending = Array.from({ length: senders }, (_, sender) =>
      send(service, groups, sender, stop.signal),
    );
    while ((await waiting(service)) > 0) {
      await sleep(POLL_MS);
    }
    const seconds = (performance.now() - begin) / 1000;
    stop.abort();
    const sent = (await Promise.all(sending)).reduce((sum, count) => sum + count, 0);
    return { drained: sizes.journaled + sent, seconds, sent };
  });
}

async function start(bench: Bench, name: string, own: Bench['resources']): Promise<Service> {
  const { postgres, sizes, folder } = bench;
  const databaseUrl = await postgres.database(own, `journal_${name.replace(/\W/g, '_')}`, 'journal');
  await mkdir(join(folder, name), { recursive: true });
  return Service.start(own, { databaseUrl, port: sizes.port, folder: join(folder, name) });
}

/** Returns the number of a body for one of `groups` groups. Each index makes a new name. */
const numberOf = (index: number, groups: number): number =>
  SEEDED_GROUPS * Math.floor(index / groups) + (index % groups);

async function writeJournal(folder: string, entries: number, groups: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const lines = Array.from({ length: entries }, (_, index) => {
    const number = numberOf(index, groups);
    return encodeEntry({
      sequence: index + 1,
      id: uuidv7(),
      asOf: null,
      receivedAt: Date.now(),
      uptime: 0,
      boot: '',
      command: COMMANDS.setGroupInfo,
      operationID: '',
      groupID: RENAMED_PREFIX + (number % SEEDED_GROUPS),
      body: Buffer.from(bodyOf('setGroupInfo', number, 0)),
    });
  });
  await writeFile(join(folder, 'callbacks-0000000001.journal'), Buffer.concat(lines));
}

/** Sends one callback after another, like one worker of OpenIM. @returns the number of callbacks */
async function send(
  { url, token }: Service,
  groups: number,
  sender: number,
  signal: AbortSignal,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let sent = 0;
  while (!signal.aborted) {
    const body = bodyOf('setGroupInfo', numberOf(FIRST_LIVE_NUMBER + 2 * sent + sender, groups), 0);
    const answer = await exchange(
      agent,
      `${url}/callback/${COMMANDS.setGroupInfo}`,
      {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        authorization: `Basic ${Buffer.from(`openim:${token}`).toString('base64')}`,
      },
      body,
    );
    if (answer.status !== 200) {
      throw new Error(`A callback was answered with ${answer.status}: ${answer.text}`);
    }
    sent += 1;
  }
  agent.destroy();
  return sent;
}

async function waiting(service: Service): Promise<number> {
  const { text } = await service.read('/stats');
  return (JSON.parse(text) as { journal: { waiting: number } }).journal.waiting;
}
