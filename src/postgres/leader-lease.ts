import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { isConflict } from './errors.js';
import { pause } from '../waiting/poll.js';
import { runPrepared, withClient } from './prepared-statement.js';

/** Duration of a lease, in ms. Another process takes over within this time and the interval of attempts. */
const LEASE_MS = 12_000;
/** Interval of renewals, in ms. */
const RENEW_MS = 3000;
/** Interval of attempts to acquire the lease, in ms. */
const RETRY_MS = 2000;
/** Interval of the checks whether the database is open, in ms. */
const POLL_MS = 250;

/**
 * Acquires the lease where it has expired by PostgreSQL's clock. Acquires it too where it still has the $4 renewals that this process read
 * longer ago than a lease lasts: PostgreSQL's clock may have been set back.
 */
const ACQUIRE = `
  INSERT INTO leases AS l (name, holder, renewals, expires_at)
  VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms')
  ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, renewals = l.renewals + 1, expires_at = excluded.expires_at
  WHERE l.expires_at < clock_timestamp() OR l.renewals = $4
  RETURNING renewals::float8`;

const RENEW = `
  UPDATE leases SET renewals = renewals + 1, expires_at = clock_timestamp() + $3 * interval '1 ms'
  WHERE name = $1 AND holder = $2
  RETURNING renewals::float8`;

const RELEASE = `UPDATE leases SET expires_at = '-infinity' WHERE name = $1 AND holder = $2`;

const OBSERVE = 'SELECT renewals::float8 FROM leases WHERE name = $1';

/**
 * Elects a leader by a lease in a row. The leader renews the lease. It stops its work when no renewal succeeds for the duration of a lease, by
 * its own monotonic clock: that is before another process can acquire the lease. A leader that was frozen works on until it notices; its
 * work must do no harm until then.
 */
export class LeaderLease {
  private readonly holder = uuidv7();
  /** The last number of renewals that was read, and the time of its last change, by `performance.now()`. */
  private observed = { renewals: -1, since: 0 };

  constructor(
    private readonly dataSource: DataSource,
    private readonly name: string,
  ) {}

  /**
   * Runs the work whenever the database is open and this process is the leader, until `end` is aborted.
   * @param work its signal is aborted when `end` is, or when the lease is lost
   * @throws the error of the work
   */
  async runWhenLeader(end: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!this.dataSource.isInitialized && !end.aborted) {
      await pause(POLL_MS, end);
    }
    while (!end.aborted) {
      await this.runIfLeader(end, work);
      await sleep(RETRY_MS, undefined, { signal: end }).catch(() => undefined);
    }
  }

  /**
   * Runs the work if no other process is the leader.
   * @returns whether it ran; false while another process is the leader or PostgreSQL cannot be reached
   * @throws the error of the work
   */
  async runIfLeader(end: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const acquiredAt = performance.now();
    if (!(await this.acquire().catch(() => false))) {
      return false;
    }
    const lost = new AbortController();
    const renewing = this.renew(acquiredAt, lost);
    try {
      await work(AbortSignal.any([end, lost.signal]));
      return true;
    } finally {
      lost.abort(new Error('the work has ended'));
      await renewing;
      await this.run(RELEASE, []).catch(() => undefined); // the lease expires
    }
  }

  /** Whether another process is the leader and alive. Waits for a renewal of the lease, at most for the duration of a lease. */
  async isHeldElsewhere(end: AbortSignal): Promise<boolean> {
    const first = await this.renewals();
    for (const start = performance.now(); performance.now() - start < LEASE_MS && !end.aborted;) {
      await sleep(RETRY_MS / 4, undefined, { signal: end }).catch(() => undefined);
      if ((await this.renewals()) !== first) {
        return true;
      }
    }
    return false;
  }

  /** Renews the lease until it is lost; PostgreSQL may be away in between. */
  private async renew(acquiredAt: number, lost: AbortController): Promise<void> {
    const { signal } = lost;
    const lose = (): void => lost.abort(new Error('the lease is lost'));
    let expiry = setTimeout(lose, acquiredAt + LEASE_MS - performance.now());
    while (!signal.aborted) {
      await sleep(RENEW_MS, undefined, { signal }).catch(() => undefined);
      const renewedAt = performance.now();
      const rows = signal.aborted ? undefined : await this.run(RENEW, [LEASE_MS]).catch(() => undefined);
      if (rows?.length === 0) {
        lose();
      } else if (rows && !signal.aborted) {
        clearTimeout(expiry);
        expiry = setTimeout(lose, renewedAt + LEASE_MS - performance.now());
      }
    }
    clearTimeout(expiry);
  }

  private async acquire(): Promise<boolean> {
    const { renewals, since } = this.observed;
    const isAbandoned = renewals >= 0 && performance.now() - since > LEASE_MS;
    try {
      const rows = await this.run(ACQUIRE, [LEASE_MS, isAbandoned ? renewals : null]);
      if (rows.length > 0) {
        return true;
      }
    } catch (error) {
      if (!isConflict(error)) {
        throw error;
      }
    }
    const now = await this.renewals();
    if (now !== renewals) {
      this.observed = { renewals: now, since: performance.now() };
    }
    return false;
  }

  private async renewals(): Promise<number> {
    const rows = await this.dataSource.query<{ renewals: number }[]>(OBSERVE, [this.name]);
    return rows[0]?.renewals ?? -1;
  }

  private run(text: string, more: unknown[]): Promise<{ renewals: number }[]> {
    return withClient(this.dataSource, (client) =>
      runPrepared<{ renewals: number }>(client, { name: '', text }, [this.name, this.holder, ...more]),
    );
  }
}
