import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Makes a search for the secret that a text is. The time it takes tells at most how long they are: every secret is compared, and each to
 * its end.
 * @returns of a text: the place of the secret, -1 where it is none of them
 */
export function secretFinder(secrets: readonly string[]): (candidate: string) => number {
  const known = secrets.map((secret) => Buffer.from(secret));
  return (candidate) => {
    const given = Buffer.from(candidate);
    return known.reduce(
      (found, secret, place) =>
        secret.length === given.length && timingSafeEqual(secret, given) ? place : found,
      -1,
    );
  };
}

/**
 * A few letters by which a secret is recognized in the log, the same on every machine and at every start. It is slow on purpose: who reads
 * the log cannot try many secrets on it.
 */
export async function fingerprint(secret: string): Promise<string> {
  const bytes = (await promisify(scrypt)(secret, 'openim-group-sync', 4)) as Buffer;
  return bytes.toString('hex');
}
