import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Id of the current boot of this machine. On Linux the processes of one boot share a monotonic clock; elsewhere the id is that of the process. */
export const BOOT_ID = ((): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
})();

/** Returns the monotonic time of this machine, in ms (CLOCK_MONOTONIC). */
export const uptime = (): number => Number(process.hrtime.bigint() / 1_000_000n);
