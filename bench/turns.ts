import type { Contender } from './contender.js';
import type { LoadOrder, LoadResult } from './load-order.js';
import { figure, ratio } from './section.js';
import type { Sizes } from './sizes.js';
import { median, percentile } from './statistics.js';

/** Columns of `turnFigures`. */
export const TURN_COLUMNS = ['per second', 'p50 ms', 'p99 ms', 'service / contender', 'range of ratios'];

/** The contenders by their name, and the results of their turns. */
export type Contenders = ReadonlyMap<string, Contender>;
export type Turns = ReadonlyMap<string, readonly LoadResult[]>;

/** Runs the contenders in turn and reverses the order each round, so that a drift of the machine affects all of them. */
export async function takeTurns(
  { rounds, seconds, warmUpSeconds }: Sizes,
  contenders: Contenders,
  order: Omit<LoadOrder, 'first' | 'seconds'>,
): Promise<Turns> {
  for (const contender of contenders.values()) {
    await contender.send({ ...order, seconds: warmUpSeconds });
  }
  return alternate(rounds, contenders, { ...order, seconds });
}

/** Sends the same order to each contender once a round. */
export async function alternate(
  rounds: number,
  contenders: Contenders,
  order: Omit<LoadOrder, 'first'>,
): Promise<Turns> {
  const turns = new Map([...contenders.keys()].map((name) => [name, [] as LoadResult[]]));
  const names = [...contenders.keys()];
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      turns.get(name)!.push(await contenders.get(name)!.send(order));
    }
  }
  return turns;
}

/** Returns the median of the rounds: the rate of the service relative to a contender. */
export const rateRatio = (turns: Turns, name: string): number => median(ratios(turns, name));

/** Returns the latencies of all turns of a contender. */
export const latencies = (turns: Turns, name: string): number[] =>
  turns.get(name)!.flatMap((result) => result.latenciesMs);

/** Returns the cells of a contender: rate, latencies, and the ratio of the service to it. */
export const turnFigures = (turns: Turns, name: string): string[] => [
  figure(median(turns.get(name)!.map(rate))),
  ...[0.5, 0.99].map((part) => figure(percentile(latencies(turns, name), part))),
  ...(name === 'service' ? ['', ''] : [ratio(rateRatio(turns, name)), spread(ratios(turns, name))]),
];

/** Returns the smallest and the largest of the ratios. */
export const spread = (values: readonly number[]): string =>
  `${ratio(Math.min(...values))} to ${ratio(Math.max(...values))}`;

const rate = ({ done, seconds }: LoadResult): number => done / seconds;

const ratios = (turns: Turns, name: string): number[] =>
  turns.get('service')!.map((result, round) => rate(result) / rate(turns.get(name)![round]!));
