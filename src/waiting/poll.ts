import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for some ms; the abort of the signal ends the wait early, without an error. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

/**
 * Runs a round again and again, with pauses of `intervalMs` between rounds, until the signal is aborted.
 * @throws the error of a round
 */
export async function poll(
  intervalMs: number,
  signal: AbortSignal,
  round: () => Promise<void> | void,
): Promise<void> {
  while (!signal.aborted) {
    await round();
    await pause(intervalMs, signal);
  }
}
