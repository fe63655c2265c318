import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import PQueue from 'p-queue';
import { DataSource } from 'typeorm';
import { GroupSyncService } from '../groups/group-sync.service.js';
import { toJson } from '../groups/json.js';
import { type Reconciled, SETTLED_S } from '../groups/statements/reconcile-group.js';
import { isLockTimeout, isOfTheValues } from '../postgres/errors.js';
import { type Found, GroupReader } from './group-reader.js';
import { ReconciliationMetrics } from './reconciliation-metrics.js';

/** What a look at a group came to. */
export interface Look {
  groupID: string;
  /**
   * `verified`: the mirror is as OpenIM; `unchanged`: it was, no more was needed than to ask for the version; `unsettled`: OpenIM
   * may not show yet what a callback told a moment ago; `absent`: OpenIM does not have it; `unverified`: it could not be read, or
   * the reading did not agree with itself or, as to who left, with a second one.
   */
  state: 'verified' | 'unchanged' | 'unsettled' | 'absent' | 'unverified';
  /** Whether the whole list was read, and not only what changed. */
  whole: boolean;
  /** How many members were read. */
  members: number;
  repairs: Reconciled['repairs'];
}

type FoundReading = Extract<Found, { kind: 'reading' }>;

/** What is known of a group before a look. */
interface Known {
  groupID: string;
  versionID: string;
  version: number;
  /** Whether a callback wrote it since it was last verified, or it needs a look for another reason. */
  inDoubt: boolean;
  toldAt: Date | null;
}

const KNOWN = `
  SELECT group_id AS "groupID", coalesce(version_id, '') AS "versionID", coalesce(version, 0)::float8 AS version, told_at AS "toldAt",
    stale_since IS NOT NULL OR verified_at IS NULL OR coalesce(told_at > verified_at, false) AS "inDoubt"
  FROM groups WHERE group_id = ANY ($1)`;

/** When a reading began, by PostgreSQL's clock as the moments of callbacks, cut to the ms. */
interface Moment {
  now: Date;
  /** When all groups had been read first: one created later and not known is one whose callback was lost. */
  watchedSince: Date | null;
}

const MOMENT = `
  SELECT clock_timestamp() AS now,
    (SELECT min(ended_at) FROM reconciliation_runs WHERE kind = 'backfill' AND state = 'done') AS "watchedSince"`;

/** How long after a reading by which many leave it is read once more, in ms. */
const SECOND_READING_MS = 1000;
/** Groups written at once by one process: callbacks need connections too. */
const WRITERS = 4;

/** Looks groups up in OpenIM, and has the mirror made equal. */
@Injectable()
export class LookService {
  private readonly logger = new Logger('Reconciliation');
  private readonly writers = new PQueue({ concurrency: WRITERS });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reader: GroupReader,
    private readonly groupSync: GroupSyncService,
    private readonly metrics: ReconciliationMetrics,
  ) {}

  /**
   * Looks at some groups, some at a time. A group that cannot be read or written keeps no other one waiting.
   * @param whole reads them whole, whatever their versions say
   * @throws OpenImRefusal where it is about the token or the right to ask; OpenImUnreachable; the driver's error
   */
  async *look(groupIDs: string[], whole = false): AsyncGenerator<Look[]> {
    const moment = await this.begin();
    const known = new Map(
      (await this.dataSource.query<Known[]>(KNOWN, [groupIDs])).map((row) => [row.groupID, row]),
    );
    const versions = groupIDs.map((groupID) => {
      const row = whole ? undefined : known.get(groupID);
      return { groupID, versionID: row?.versionID ?? '', version: row?.version ?? 0 };
    });
    const unexplained: string[] = [];
    const held: FoundReading[] = [];
    for await (const found of this.reader.read(versions)) {
      const looks = await this.writers.addAll(
        found.map((one) => async () => {
          const taken = await this.take(one, known.get(one.groupID), moment).catch((error: unknown) => {
            if (isLockTimeout(error)) {
              return lookAs(one, 'unverified'); // somebody else holds its row: that is no matter of other groups
            }
            throw error;
          });
          if (taken === 'held') {
            held.push(one as FoundReading);
          } else if (taken === 'unexplained' && !whole) {
            unexplained.push(one.groupID);
          } else {
            return taken === 'unexplained' ? lookAs(one, 'unverified') : taken;
          }
          return undefined;
        }),
      );
      yield looks.filter((look) => look !== undefined);
    }
    if (held.length > 0) {
      yield* this.secondReading(held);
    }
    if (unexplained.length > 0) {
      yield* this.look(unexplained, true);
    }
  }

  /** Looks at one group now, whole. */
  async lookAt(groupID: string): Promise<Look> {
    for await (const looks of this.look([groupID], true)) {
      for (const look of looks) {
        return look;
      }
    }
    throw new Error(`No look at group ${groupID} was had`);
  }

  /**
   * What a look at a group would change; writes nothing.
   * @returns undefined where OpenIM does not have the group
   */
  async compare(groupID: string): Promise<Reconciled | undefined> {
    const moment = await this.begin();
    for await (const batch of this.reader.read([{ groupID, versionID: '', version: 0 }])) {
      for (const found of batch) {
        if (found.kind === 'reading') {
          return this.groupSync.compareGroup(change(found, moment, true));
        }
      }
    }
    return undefined;
  }

  /** @returns what it came to; or that only a whole reading, or a second one, can tell */
  private async take(
    found: Found,
    known: Known | undefined,
    moment: Moment,
  ): Promise<Look | 'unexplained' | 'held'> {
    switch (found.kind) {
      case 'absent':
        await this.groupSync.markGroupAbsent(found.groupID, moment.now);
        return lookAs(found, 'absent');
      case 'refused':
        this.logger.warn(`Group ${found.groupID} cannot be read: ${found.why}`);
        return lookAs(found, 'unverified');
      case 'unchanged':
        return !known?.inDoubt
          ? lookAs(found, 'unchanged')
          : isSettled(known, moment)
            ? 'unexplained'
            : lookAs(found, 'unsettled');
      default:
        return this.write(found, moment, false);
    }
  }

  private async write(
    found: FoundReading,
    moment: Moment,
    agreed: boolean,
  ): Promise<Look | 'unexplained' | 'held'> {
    const { groupID } = found;
    try {
      const { outcome, unexplained, repairs } = await this.groupSync.reconcileGroup(
        change(found, moment, agreed),
      );
      if (outcome === 'held' || unexplained) {
        return outcome === 'held' ? 'held' : 'unexplained';
      }
      this.metrics.found(repairs);
      if (repairs.length > 0) {
        const level = repairs[0]!.kind === 'filled' ? 'debug' : 'log';
        this.logger[level](`Group ${groupID}: ${repairs.map(({ summary }) => summary).join('; ')}`);
      }
      // Where the reading is outdated, a later one was believed.
      return lookAs(found, outcome === 'outdated' ? 'verified' : outcome, repairs);
    } catch (error) {
      if (!isOfTheValues(error)) {
        throw error;
      }
      this.logger.error(`Group ${groupID.slice(0, 255)} cannot be written: ${(error as Error).message}`);
      return lookAs(found, 'unverified');
    }
  }

  /** Many would leave: only if a second reading says the same. */
  private async *secondReading(held: FoundReading[]): AsyncGenerator<Look[]> {
    const first = new Map(held.map((found) => [found.groupID, found]));
    this.logger.warn(
      `By one reading of OpenIM many members would leave: ${[...first.keys()].join(', ')}; reading it once more`,
    );
    await sleep(SECOND_READING_MS);
    const moment = await this.begin();
    for await (const found of this.reader.read(
      held.map(({ groupID }) => ({ groupID, versionID: '', version: 0 })),
    )) {
      yield await this.writers.addAll(
        found.map((one) => async () => {
          const agreed = one.kind === 'reading' && agree(first.get(one.groupID)!.reading, one.reading);
          const written = agreed ? await this.write(one, moment, true) : undefined;
          if (typeof written === 'object') {
            return written;
          }
          this.logger.warn(
            `Group ${one.groupID}: two readings of OpenIM differ as to who left; nobody leaves for now`,
          );
          return lookAs(one, 'unverified');
        }),
      );
    }
  }

  private async begin(): Promise<Moment> {
    const [moment] = await this.dataSource.query<[Moment]>(MOMENT);
    return moment;
  }
}

const change = ({ groupID, reading }: FoundReading, { now, watchedSince }: Moment, agreed: boolean) => ({
  groupID,
  receivedAt: now,
  change: toJson({ ...reading, agreed, watchedSince: watchedSince?.toISOString() ?? null }),
});

const lookAs = (found: Found, state: Look['state'], repairs: Reconciled['repairs'] = []): Look => ({
  groupID: found.groupID,
  state,
  whole: found.kind === 'reading' && found.reading.whole,
  members: found.kind === 'reading' ? found.reading.members.length : 0,
  repairs,
});

/** Whether OpenIM's caches are of after the last callback. */
const isSettled = ({ toldAt }: Known, { now }: Moment): boolean =>
  !toldAt || now.getTime() - toldAt.getTime() > SETTLED_S * 1000;

/** Whether two readings agree as to who left. The second one is whole. */
function agree(first: FoundReading['reading'], second: FoundReading['reading']): boolean {
  const there = new Set(second.members.map(({ userID }) => userID));
  return (
    second.verified &&
    (first.complete
      ? first.members.length === there.size && first.members.every(({ userID }) => there.has(userID))
      : !first.left.some((userID) => there.has(userID)))
  );
}
