import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Which run of this machine it is: monotonic clocks of one run can be compared across processes (Linux; elsewhere in one process only). */
export const BOOT = ((): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
})();

/** This machine's monotonic clock, in ms: nobody can set it (CLOCK_MONOTONIC). */
export const uptime = (): number => Number(process.hrtime.bigint() / 1_000_000n);
