import { Agenda } from '../src/reconciliation/agenda.js';
import type { Look } from '../src/reconciliation/look.service.js';

const look = (state: Look['state'], whole = false): Look => ({
  groupID: 'g',
  state,
  whole,
  members: 0,
  repairs: [],
});

/** Takes the one that is due then, if it is. */
function takeAt(agenda: Agenda, now: number) {
  return agenda.take(now, 10).get('g');
}

it('looks a second after a callback, and once more five seconds after that', () => {
  const agenda = new Agenda();
  agenda.mark('g', 0);
  expect(takeAt(agenda, 999)).toBeUndefined();
  const first = takeAt(agenda, 1000);
  agenda.settle(look('verified', true), 1100, first);
  expect(takeAt(agenda, 6000)).toBeUndefined();
  const second = takeAt(agenda, 6100);
  expect(second).toMatchObject({ whole: true });
  agenda.settle(look('unchanged'), 6200, second);
  expect(agenda.size).toBe(0);
});

it('looks once for many callbacks, without waiting for the last one', () => {
  const agenda = new Agenda();
  for (let now = 0; now <= 3000; now += 100) {
    agenda.mark('g', now);
  }
  expect(agenda.size).toBe(1);
  expect(takeAt(agenda, 1000)).toBeDefined();
});

it('keeps a mark that came during the look', () => {
  const agenda = new Agenda();
  agenda.mark('g', 0);
  const taken = takeAt(agenda, 1000);
  agenda.mark('g', 1050);
  agenda.settle(look('verified'), 1100, taken);
  expect(takeAt(agenda, 2050)).toMatchObject({ onceMore: true });
});

it('puts off what could not be believed, longer each time', () => {
  const agenda = new Agenda();
  let now = 0;
  const waits: number[] = [];
  let taken: ReturnType<typeof takeAt>;
  for (let failure = 0; failure < 12; failure += 1) {
    agenda.settle(look('unverified'), now, taken);
    const start = now;
    for (taken = undefined; !taken; taken = takeAt(agenda, now)) {
      expect(agenda.isPutOff('g', now)).toBe(true);
      now += 1000;
    }
    waits.push((now - start) / 1000);
  }
  expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
});

it('looks at what is marked though it was put off', () => {
  const agenda = new Agenda();
  agenda.settle(look('unverified'), 0);
  agenda.settle(look('unverified'), 0);
  agenda.mark('g', 100);
  expect(takeAt(agenda, 1100)).toMatchObject({ whole: true, failures: 2 });
});

it('does later what could not be asked', () => {
  const agenda = new Agenda();
  agenda.mark('g', 0);
  agenda.putBack(agenda.take(1000, 10), 1000);
  expect(takeAt(agenda, 2999)).toBeUndefined();
  expect(takeAt(agenda, 3000)).toMatchObject({ onceMore: true });
});
