import { setMaxListeners } from 'node:events';

/**
 * Runs loops at the same time until all have ended. Where one fails, the signal of the others is aborted, and their end is waited for.
 * @throws the first error
 */
export async function together(
  signal: AbortSignal,
  loops: readonly ((ended: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // each loop waits with one
  const abort = (): void => end.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) {
    abort();
  }
  const failures: unknown[] = [];
  await Promise.all(
    loops.map((loop) =>
      loop(end.signal).catch((error: unknown) => {
        failures.push(error);
        abort();
      }),
    ),
  );
  signal.removeEventListener('abort', abort);
  if (failures.length > 0) {
    throw failures[0];
  }
}
