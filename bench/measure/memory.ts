import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../bench.js';
import { Child } from '../child.js';
import type { HttpLoadOrder } from '../load.js';
import type { LoadResult } from '../load-order.js';
import { figure, ratio, type Section, type Target } from '../section.js';
import { Service } from '../service.js';
import { median } from '../statistics.js';

const STEPS = 10;
const REST_MS = 1000;
/** Readings compared at the start and at the end. A garbage collection disturbs a single reading. */
const COMPARED = 3;
const TARGET = 1.15;
/** Limits of the resident memory before the first callback, and after the last one, in MB. */
const REST_TARGET_MB = 120;
const LOADED_TARGET_MB = 220;

/** Measures whether the memory of the service grows after the first callbacks. */
export async function measureMemory(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, progress } = bench;
  const databaseUrl = await postgres.database(resources, 'memory');
  const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
  const title = 'Memory';
  if ((await service.residentMB()) === undefined) {
    const notes = ['Not measured: this system has no `/proc` with the resident memory of a process.'];
    return { title, notes, tables: [], targets: [] };
  }
  const load = Child.start(resources, 'load');
  const requests = Math.ceil(sizes.callbacks / STEPS);
  const resident: number[] = [];
  for (let step = 0; step <= STEPS; step++) {
    progress(`memory after ${step * requests} callbacks`);
    if (step > 0) {
      await load.ask<LoadResult>({
        kind: 'create',
        members: 10,
        first: (step - 1) * requests,
        concurrency: 8,
        requests,
        url: service.url,
        token: service.token,
      } satisfies HttpLoadOrder);
    }
    await sleep(REST_MS);
    resident.push((await service.residentMB())!);
  }
  const growth = median(resident.slice(-COMPARED)) / median(resident.slice(1, 1 + COMPARED));
  return {
    title,
    notes: [
      `The table shows the resident memory of the service, ${REST_MS / 1000} s after creations of 10 members at concurrency 8.`,
    ],
    tables: [
      {
        columns: ['callbacks', 'MB'],
        rows: resident.map((mb, step) => [figure(step * requests), figure(mb)]),
      },
    ],
    targets: [
      {
        what: `memory over ${figure(STEPS * requests)} callbacks: median of the last ${COMPARED} / of the first ${COMPARED}`,
        measured: ratio(growth),
        target: `<= ${ratio(TARGET)}`,
        holds: growth <= TARGET,
      },
      limit('memory at rest', resident[0]!, REST_TARGET_MB),
      limit(`memory after ${figure(STEPS * requests)} callbacks`, resident.at(-1)!, LOADED_TARGET_MB),
    ],
  };
}

const limit = (what: string, measuredMB: number, targetMB: number): Target => ({
  what,
  measured: `${figure(measuredMB)} MB`,
  target: `<= ${targetMB} MB`,
  holds: measuredMB <= targetMB,
});
