import type { Bench } from '../bench.js';
import { figure, type Section } from '../section.js';
import { Service } from '../service.js';
import { median } from '../statistics.js';

const TARGET_MS = 500;

/** Measures the time from the start of the process until the service is ready. */
export async function measureStart(bench: Bench): Promise<Section> {
  const { postgres, resources, folder, sizes, progress } = bench;
  const databaseUrl = await postgres.database(resources, 'start');
  const times: number[] = [];
  for (let start = 1; start <= sizes.starts; start++) {
    progress(`start ${start}`);
    const service = await Service.start(resources, { databaseUrl, port: sizes.port, folder });
    times.push(service.readyMs);
    await service.stop();
  }
  return {
    title: 'Start',
    notes: [
      'The time runs from the start of the process to the first 200 of `GET /health/ready`, on a migrated database.',
    ],
    tables: [
      {
        columns: ['starts', 'median ms', 'min ms', 'max ms'],
        rows: [
          [String(times.length), ...[median(times), Math.min(...times), Math.max(...times)].map(figure)],
        ],
      },
    ],
    targets: [
      {
        what: 'start to ready',
        measured: `${figure(median(times))} ms`,
        target: `<= ${figure(TARGET_MS)} ms`,
        holds: median(times) <= TARGET_MS,
      },
    ],
  };
}
