import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { HooksService } from '../hooks/hooks.service.js';
import { OpenImClock } from '../hooks/openim-clock.js';
import { JournalService } from '../journal/journal.service.js';
import { CachedCount } from './cached-count.js';
import type { StatsDto } from './stats.dto.js';

/** Scans the table: with an index on member_count each join and leave would write an entry of every index. */
const GROUPS = `
  SELECT status, count(*)::float8 AS groups, sum(member_count)::float8 AS members FROM groups GROUP BY 1 ORDER BY 1 NULLS FIRST`;
const STALE = 'SELECT count(*)::float8 AS groups FROM groups WHERE stale_since IS NOT NULL';
const DELIVERIES = `
  SELECT command, outcome, count(*)::float8 AS "lastDay",
    count(*) FILTER (WHERE received_at >= now() - interval '1 hour')::float8 AS "lastHour"
  FROM callback_deliveries WHERE received_at >= now() - interval '1 day' GROUP BY 1, 2 ORDER BY 1, 2`;
/** Is a loose index scan: it takes one step for each command, not for each row. */
const LAST_RECEIVED = `
  WITH RECURSIVE commands AS (
    (SELECT command FROM callback_deliveries ORDER BY command LIMIT 1)
    UNION ALL
    SELECT (SELECT d.command FROM callback_deliveries d WHERE d.command > commands.command ORDER BY d.command LIMIT 1)
    FROM commands WHERE commands.command IS NOT NULL
  )
  SELECT command, (SELECT max(received_at) FROM callback_deliveries d WHERE d.command = commands.command) AS "receivedAt"
  FROM commands WHERE command IS NOT NULL`;

/** Hooks that lose callbacks, commands that should not come, and the difference of the clocks. */
export type Connection = Pick<StatsDto, 'lostCallbacks' | 'beforeCommands' | 'clockDifferenceMs'>;

/** Counts of groups, members, callbacks and the journal. */
@Injectable()
export class StatsService {
  private readonly groups = new CachedCount(() =>
    this.dataSource.query<{ status: number | null; groups: number; members: number }[]>(GROUPS),
  );
  private readonly stale = new CachedCount(() => this.dataSource.query<{ groups: number }[]>(STALE));
  private readonly deliveries = new CachedCount(() =>
    this.dataSource.query<NonNullable<StatsDto['deliveries']>>(DELIVERIES),
  );
  private readonly lastReceived = new CachedCount(() =>
    this.dataSource.query<{ command: string; receivedAt: Date }[]>(LAST_RECEIVED),
  );
  private readonly lostCallbacks = new CachedCount(() => this.hooks.readLost());
  private readonly beforeCommands = new CachedCount(() => this.hooks.readBefore());

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly journal: JournalService,
    private readonly hooks: HooksService,
    private readonly clock: OpenImClock,
  ) {}

  /** Reads the counts, at most 5 s old, and the current state of the journal. A count that is not available is null. */
  async read(): Promise<StatsDto> {
    const [groups, stale, deliveries, lastReceived, connection] = await Promise.all([
      this.groups.read(),
      this.stale.read(),
      this.readDeliveries(),
      this.readLastReceived(),
      this.readConnection(),
    ]);
    return {
      groups: groups && groups.map(({ status, groups: count }) => ({ status, groups: count })),
      members: groups && groups.reduce((sum, { members }) => sum + members, 0),
      staleGroups: stale && stale[0]!.groups,
      deliveries,
      lastReceived,
      ...connection,
      journal: this.readJournal(),
    };
  }

  /** Reads what is known of the connection from OpenIM, at most 5 s old. */
  async readConnection(): Promise<Connection> {
    const [lostCallbacks, beforeCommands] = await Promise.all([
      this.lostCallbacks.read(),
      this.beforeCommands.read(),
    ]);
    return {
      lostCallbacks,
      beforeCommands: beforeCommands && beforeCommands.map(({ command }) => command),
      clockDifferenceMs: this.clock.differenceMs ?? null,
    };
  }

  /** Reads the current state of the journal of this process. */
  readJournal(): StatsDto['journal'] {
    const oldest = this.journal.groups.oldestReceivedAt;
    return {
      open: this.journal.isAccepting,
      waiting: this.journal.waiting,
      bytes: this.journal.bytes,
      oldestReceivedAt: oldest === undefined ? null : new Date(oldest).toISOString(),
    };
  }

  /** Reads when each command was received last, at most 5 s old; null where it is not available. */
  async readLastReceived(): Promise<StatsDto['lastReceived']> {
    const lastReceived = await this.lastReceived.read();
    return (
      lastReceived &&
      lastReceived.map(({ command, receivedAt }) => ({ command, receivedAt: receivedAt.toISOString() }))
    );
  }

  /** Reads the deliveries of the last day, by command and outcome, at most 5 s old; null where the count is not available. */
  readDeliveries(): Promise<StatsDto['deliveries']> {
    return this.deliveries.read();
  }
}
