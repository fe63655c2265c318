import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/**
 * Creates a function that finds a secret in constant time: it compares each secret completely. The time depends on the lengths only.
 * @returns a function that returns the index of the secret that equals a text; -1 if no secret does
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
