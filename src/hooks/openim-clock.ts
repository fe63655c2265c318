import { Injectable } from '@nestjs/common';
import { OpenImClient } from '../openim/openim.client.js';
import { DatabaseClock } from '../postgres/database-clock.js';

/** Compares the clock of OpenIM, as its answers show it, with that of PostgreSQL. */
@Injectable()
export class OpenImClock {
  constructor(
    private readonly openIm: OpenImClient,
    private readonly clock: DatabaseClock,
  ) {}

  /** The clock of OpenIM minus that of PostgreSQL, in ms, to about a second; undefined before an answer of OpenIM. */
  get differenceMs(): number | undefined {
    const now = this.clock.now();
    const { clockAheadMs } = this.openIm;
    return now === undefined || clockAheadMs === undefined ? undefined : Date.now() + clockAheadMs - now;
  }
}
