import { readConfig } from '../src/config/read-config.js';
import { ReconcileQueue } from '../src/reconciliation/queue/reconcile-queue.js';
import type { ReconcileResult } from '../src/reconciliation/queue/reconcile-result.js';

const result = (state: ReconcileResult['state'], whole = false): ReconcileResult => ({
  groupID: 'g',
  state,
  whole,
  members: 0,
  drift: [],
});

/** Takes the group if it is due at that time. */
function takeAt(queue: ReconcileQueue, now: number) {
  return queue.take(now, 10).get('g');
}

it('A group is due one second after a callback, and again five seconds after that', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  queue.add('g', 0);
  expect(takeAt(queue, 999)).toBeUndefined();
  const first = takeAt(queue, 1000);
  queue.done(result('verified', true), 1100, first);
  expect(takeAt(queue, 6000)).toBeUndefined();
  const second = takeAt(queue, 6100);
  expect(second).toMatchObject({ whole: true });
  queue.done(result('unchanged'), 6200, second);
  expect(queue.size).toBe(0);
});

it('A group is due once for many callbacks, one second after the first', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  for (let now = 0; now <= 3000; now += 100) {
    queue.add('g', now);
  }
  expect(queue.size).toBe(1);
  expect(takeAt(queue, 1000)).toBeDefined();
});

it('A callback during the reconciliation of its group queues the group again', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  queue.add('g', 0);
  const taken = takeAt(queue, 1000);
  queue.add('g', 1050);
  queue.done(result('verified'), 1100, taken);
  expect(takeAt(queue, 2050)).toMatchObject({ recheck: true });
});

it('An unverified group is retried with a delay that doubles up to a minute', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  let now = 0;
  const waits: number[] = [];
  let taken: ReturnType<typeof takeAt>;
  for (let failure = 0; failure < 12; failure += 1) {
    queue.done(result('unverified'), now, taken);
    const start = now;
    for (taken = undefined; !taken; taken = takeAt(queue, now)) {
      expect(queue.failuresOf('g')).toBe(failure + 1);
      now += 1000;
    }
    waits.push((now - start) / 1000);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]);
});

it('A callback shortens the delay of a retry', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  queue.done(result('unverified'), 0);
  queue.done(result('unverified'), 0);
  queue.add('g', 100);
  expect(takeAt(queue, 1100)).toMatchObject({ whole: true, failures: 2 });
});

it('Requeued groups are due again two seconds later', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  queue.add('g', 0);
  queue.requeue(queue.take(1000, 10), 1000);
  expect(takeAt(queue, 2999)).toBeUndefined();
  expect(takeAt(queue, 3000)).toMatchObject({ recheck: true });
});

it('A group that is processed is not taken again before it is done, whatever callbacks name it', () => {
  const queue = new ReconcileQueue(readConfig({ NODE_ENV: 'test', RECONCILE_INTERVAL: '60s' }));
  queue.add('g', 0);
  const taken = takeAt(queue, 1000);
  queue.add('g', 1000);
  expect(takeAt(queue, 60_000)).toBeUndefined();
  queue.done(result('verified'), 60_000, taken);
  expect(takeAt(queue, 60_000)).toMatchObject({ recheck: true });
});
