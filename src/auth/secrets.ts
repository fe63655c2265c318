import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Creates a search for a secret in constant time: each secret is compared, and each to its end. Only their lengths show in the time.
 * @returns the index of the secret that a text equals; -1 for none
 */
export function secretFinder(secrets: readonly string[]): (candidate: string) => number {
  const known = secrets.map((secret) => Buffer.from(secret));
  return (candidate) => {
    const given = Buffer.from(candidate);
    return known.reduce(
      (found, secret, index) =>
        secret.length === given.length && timingSafeEqual(secret, given) ? index : found,
      -1,
    );
  };
}

/**
 * Returns 8 hexadecimal digits that identify a secret in the log, the same on each machine and at each start. scrypt is slow on purpose: a
 * reader of the log cannot try many secrets.
 */
export async function fingerprint(secret: string): Promise<string> {
  const bytes = (await promisify(scrypt)(secret, 'openim-group-sync', 4)) as Buffer;
  return bytes.toString('hex');
}
