/** The first and the longest time between two attempts, in ms. */
const FIRST_MS = 500;
export const LONGEST_MS = 3_600_000;

/** How long a change is sent again and again, in ms. */
export const GIVE_UP_MS = 3 * 86_400_000;

/**
 * Time until the next attempt, in ms: twice as long each time, up to an hour, and somewhat random, so that many groups are not sent at once.
 * @param attempts the number of failed attempts, 1 or more
 * @param retryAfterMs how long the receiver asks to wait
 */
export function backoffMs(attempts: number, retryAfterMs = 0): number {
  const longest = Math.min(FIRST_MS * 2 ** (attempts - 1), LONGEST_MS);
  return Math.min(Math.max(longest * (0.5 + Math.random() / 2), retryAfterMs), LONGEST_MS);
}
