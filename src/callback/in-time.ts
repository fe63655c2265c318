/**
 * Waits for work, but not longer than so many ms. It goes on all the same, and what comes of it afterwards is lost here.
 * @throws what `late` makes where it takes longer
 */
export function inTime<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
