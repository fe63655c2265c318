import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { isDatabaseUnavailable } from '../postgres/errors.js';
import { JournalService } from '../journal/journal.service.js';
import type { StatsDto } from './stats.dto.js';

/**
 * How long figures are given again, in ms: they are for people and dashboards, and counting a million groups takes a part of a
 * second.
 */
const FRESH_MS = 5000;

/** One pass over the groups: no index holds their counts, or every join and leave would write all other indexes too. */
const GROUPS = `
  SELECT status, count(*)::float8 AS groups, sum(member_count)::float8 AS members FROM groups GROUP BY 1 ORDER BY 1 NULLS FIRST`;
const STALE = 'SELECT count(*)::float8 AS groups FROM groups WHERE stale_since IS NOT NULL';
const DELIVERIES = `
  SELECT command, outcome, count(*)::float8 AS "lastDay",
    count(*) FILTER (WHERE received_at >= now() - interval '1 hour')::float8 AS "lastHour"
  FROM callback_deliveries WHERE received_at >= now() - interval '1 day' GROUP BY 1, 2 ORDER BY 1, 2`;
/** From one command of the index to the next: as many steps as there are commands, not rows. */
const LAST_RECEIVED = `
  WITH RECURSIVE commands AS (
    (SELECT command FROM callback_deliveries ORDER BY command LIMIT 1)
    UNION ALL
    SELECT (SELECT d.command FROM callback_deliveries d WHERE d.command > commands.command ORDER BY d.command LIMIT 1)
    FROM commands WHERE commands.command IS NOT NULL
  )
  SELECT command, (SELECT max(received_at) FROM callback_deliveries d WHERE d.command = commands.command) AS "receivedAt"
  FROM commands WHERE command IS NOT NULL`;

/** How long PostgreSQL has for that, in ms. */
const PATIENCE_MS = 3000;

/** What PostgreSQL counts. */
type Counted = Omit<StatsDto, 'journal'>;

const NOTHING_COUNTED: Counted = {
  groups: null,
  members: null,
  staleGroups: null,
  deliveries: null,
  lastReceived: null,
};

/** How much there is of everything. */
@Injectable()
export class StatsService {
  private latest?: { stats: Promise<Counted>; until: number };

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly journal: JournalService,
  ) {}

  /** The figures, at most 5 s old; those of the journal of now, also while PostgreSQL is away. */
  async read(): Promise<StatsDto> {
    const counted = await Promise.race([this.counted(), sleep(PATIENCE_MS, NOTHING_COUNTED, { ref: false })]);
    const oldest = this.journal.oldestReceivedAt;
    return {
      ...counted,
      journal: {
        open: this.journal.takes,
        waiting: this.journal.waiting,
        bytes: this.journal.bytes,
        oldestReceivedAt: oldest === undefined ? null : new Date(oldest).toISOString(),
      },
    };
  }

  private async counted(): Promise<Counted> {
    if (!this.latest || this.latest.until < Date.now()) {
      const latest = { stats: this.count(), until: Infinity };
      this.latest = latest;
      latest.stats.then(
        () => (latest.until = Date.now() + FRESH_MS),
        () => (this.latest = undefined),
      );
    }
    return this.latest.stats.catch((error: unknown) => {
      if (isDatabaseUnavailable(error)) {
        return NOTHING_COUNTED;
      }
      throw error;
    });
  }

  private async count(): Promise<Counted> {
    const [groups, stale, deliveries, lastReceived] = await Promise.all([
      this.dataSource.query<{ status: number | null; groups: number; members: number }[]>(GROUPS),
      this.dataSource.query<{ groups: number }[]>(STALE),
      this.dataSource.query<NonNullable<StatsDto['deliveries']>>(DELIVERIES),
      this.dataSource.query<{ command: string; receivedAt: Date }[]>(LAST_RECEIVED),
    ]);
    return {
      groups: groups.map(({ status, groups: count }) => ({ status, groups: count })),
      members: groups.reduce((sum, { members }) => sum + members, 0),
      staleGroups: stale[0]!.groups,
      deliveries,
      lastReceived: lastReceived.map(({ command, receivedAt }) => ({
        command,
        receivedAt: receivedAt.toISOString(),
      })),
    };
  }
}
