import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from './ledger.js';
import { Load } from './load.js';
import type { Replica } from './replica.js';
import { type Verdict, verify } from './verifier.js';

/** Time under load before and after the fault, in ms. */
const CALM_MS = 1000;

/**
 * Causes a fault under load, waits until all replicas are ready and their journals are empty, and verifies all sent callbacks.
 * @param url the target of the callbacks: a replica or a balancer
 * @param causeFault resolves when the fault is over
 * @param clients the number of concurrent clients
 */
export async function underLoad(
  url: string,
  replicas: readonly Replica[],
  databaseUrl: string,
  causeFault: () => Promise<void>,
  clients = 8,
): Promise<{ ledger: Ledger; verdict: Verdict }> {
  const ledger = new Ledger();
  const load = Load.start(url, ledger, clients);
  try {
    await sleep(CALM_MS);
    await causeFault();
    await Promise.all(replicas.map((replica) => replica.ready()));
    await sleep(CALM_MS);
  } finally {
    await load.stop();
  }
  await Promise.all(replicas.map((replica) => replica.drained()));
  return { ledger, verdict: await verify(ledger, databaseUrl) };
}
