/**
 * Waits for work for some ms at most. The work goes on afterwards, and its outcome is dropped here.
 * @throws what `timedOut` makes where the work takes longer; what the work throws
 */
export function withTimeout<T>(work: Promise<T>, ms: number, timedOut: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
