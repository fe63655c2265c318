import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import type { Replica } from './replica.js';
import { type Verdict, verify } from './verifier.js';

/** How long everything must go well before something is broken, and after it, in ms. */
const CALM_MS = 1000;

/**
 * Breaks something under load, waits until all is whole again and nothing waits in a journal, and looks up everything that
 * was sent.
 * @param url where the callbacks go: to a replica, or to a balancer before several
 * @param breakIt resolves when it is mended
 * @param clients how many send at the same time
 */
export async function underLoad(
  url: string,
  replicas: readonly Replica[],
  databaseUrl: string,
  breakIt: () => Promise<void>,
  clients = 8,
): Promise<{ ledger: Ledger; verdict: Verdict }> {
  const ledger = new Ledger();
  const load = Load.start(url, ledger, clients);
  try {
    await sleep(CALM_MS);
    await breakIt();
    await Promise.all(replicas.map((replica) => replica.ready()));
    await sleep(CALM_MS);
  } finally {
    await load.stop();
  }
  await Promise.all(replicas.map((replica) => replica.settled()));
  return { ledger, verdict: await verify(ledger, databaseUrl) };
}
