import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import PQueue from 'p-queue';
import { DataSource } from 'typeorm';
import { GroupSyncService } from '../groups/group-sync.service.js';
import { toJson } from '../groups/json.js';
import type { Reconciled } from '../groups/statements/reconcile-group.js';
import { type Found, GroupReader } from './group-reader.js';

/** What a look at a group came to. */
export interface Look {
  groupID: string;
  /**
   * `verified`: the mirror is as OpenIM; `unchanged`: it was, no more was needed than to ask for the version; `unsettled`: OpenIM
   * may not show yet what a callback told a moment ago; `absent`: OpenIM does not have it; `unverified`: the reading did not agree
   * with itself, or, as to who left, with a second one.
   */
  state: 'verified' | 'unchanged' | 'unsettled' | 'absent' | 'unverified';
  /** Whether the whole list was read. */
  whole: boolean;
  /** How many members were read. */
  members: number;
  repairs: Reconciled['repairs'];
}

type Reading = Extract<Found, { kind: 'reading' }>['reading'];

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

/**
 * For so long after a callback, in ms, OpenIM's caches may still be of before it: it deletes them inside the transaction, before the
 * commit (pkg/common/storage/controller/group.go), so that a reader at that moment fills them with what was.
 */
const SETTLED_MS = 5000;
/** How long after a reading by which many leave it is read once more, in ms. */
const SECOND_READING_MS = 1000;
/** Groups written at once by one process: callbacks need connections too. */
const WRITERS = 4;

/** SQLSTATEs that are about what is written, not about where: data exception, integrity constraint, program limit exceeded. */
const OF_THE_DATA = /^(22|23|54)/;

/** Looks groups up in OpenIM, and has the mirror made equal. */
@Injectable()
export class LookService {
  private readonly logger = new Logger('Reconciliation');
  private readonly writers = new PQueue({ concurrency: WRITERS });

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly reader: GroupReader,
    private readonly groupSync: GroupSyncService,
  ) {}

  /**
   * Looks at some groups, some at a time.
   * @param whole reads them whole, whatever their versions say
   * @throws OpenImRefusal, OpenImUnreachable; the driver's error
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
    for await (const found of this.reader.read(versions)) {
      const looks = await this.writers.addAll(
        found.map(
          (one) => () => this.take(one, known.get(one.groupID), moment).catch(this.cannotBeWritten(one)),
        ),
      );
      unexplained.push(...looks.flatMap((look) => (typeof look === 'string' ? [look] : [])));
      yield looks.filter((look) => typeof look !== 'string');
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
   * What a look at a group would repair; writes nothing.
   * @returns undefined where OpenIM does not have the group
   */
  async compare(groupID: string): Promise<Reconciled | undefined> {
    const moment = await this.begin();
    for await (const [found] of this.reader.read([{ groupID, versionID: '', version: 0 }])) {
      if (found?.kind === 'reading') {
        return this.groupSync.compareGroup(this.change(found, found.reading, moment, true));
      }
    }
    return undefined;
  }

  /** @returns what it came to, or the groupID where only a whole reading can tell */
  private async take(found: Found, known: Known | undefined, moment: Moment): Promise<Look | string> {
    const { groupID } = found;
    const settled = (toldAt: Date | null | undefined): boolean =>
      !toldAt || moment.now.getTime() - toldAt.getTime() > SETTLED_MS;
    if (found.kind === 'absent') {
      await this.groupSync.markGroupAbsent(groupID, moment.now);
      return { groupID, state: 'absent', whole: false, members: 0, repairs: [] };
    }
    if (found.kind === 'unchanged') {
      if (!known?.inDoubt) {
        return { groupID, state: 'unchanged', whole: false, members: 0, repairs: [] };
      }
      return settled(known.toldAt)
        ? groupID
        : { groupID, state: 'unsettled', whole: false, members: 0, repairs: [] };
    }
    const { reading } = found;
    const reconciled = await this.reconcile(found, reading, moment);
    if (reconciled.unexplained) {
      return groupID;
    }
    if (reconciled.repairs.length > 0) {
      this.logger[reconciled.repairs[0]!.kind === 'filled' ? 'debug' : 'log'](
        `Group ${groupID}: ${reconciled.repairs.map(({ summary }) => summary).join('; ')}`,
      );
    }
    return {
      groupID,
      state: ['verified', 'outdated'].includes(reconciled.outcome) ? 'verified' : 'unverified',
      whole: reading.complete || !reading.verified,
      members: reading.members.length,
      repairs: reconciled.repairs,
    };
  }

  /** What PostgreSQL cannot hold (an id that is too long for an index) is said, and keeps no other group waiting. */
  private cannotBeWritten({ groupID }: Found): (error: Error & { code?: string }) => Look {
    return (error) => {
      if (!OF_THE_DATA.test(error.code ?? '')) {
        throw error;
      }
      this.logger.error(`Group ${groupID.slice(0, 255)} cannot be written: ${error.message}`);
      return { groupID, state: 'unverified', whole: true, members: 0, repairs: [] };
    };
  }

  private async reconcile(found: Found, reading: Reading, moment: Moment): Promise<Reconciled> {
    const reconciled = await this.groupSync.reconcileGroup(this.change(found, reading, moment, false));
    return reconciled.outcome === 'held' ? this.reconcileHeld(found, reading, reconciled) : reconciled;
  }

  /** Many would leave: only if a second reading says the same. */
  private async reconcileHeld(found: Found, first: Reading, held: Reconciled): Promise<Reconciled> {
    this.logger.warn(
      `Group ${found.groupID}: many members would leave by one reading of OpenIM; reading it once more`,
    );
    await sleep(SECOND_READING_MS);
    const moment = await this.begin();
    for await (const [second] of this.reader.read([{ groupID: found.groupID, versionID: '', version: 0 }])) {
      if (second?.kind === 'reading' && agree(first, second.reading)) {
        return this.groupSync.reconcileGroup(this.change(found, second.reading, moment, true));
      }
    }
    this.logger.warn(
      `Group ${found.groupID}: two readings of OpenIM differ as to who left; nobody leaves for now`,
    );
    return held;
  }

  private change({ groupID }: Found, reading: Reading, moment: Moment, agreed: boolean) {
    const watchedSince = moment.watchedSince?.toISOString() ?? null;
    return { groupID, receivedAt: moment.now, change: toJson({ ...reading, agreed, watchedSince }) };
  }

  private async begin(): Promise<Moment> {
    const [moment] = await this.dataSource.query<[Moment]>(MOMENT);
    return moment;
  }
}

/** Whether two readings agree as to who left. The second one is whole. */
function agree(first: Reading, second: Reading): boolean {
  const there = new Set(second.members.map(({ userID }) => userID));
  return (
    second.verified &&
    (first.complete
      ? first.members.length === there.size && first.members.every(({ userID }) => there.has(userID))
      : !first.left.some((userID) => there.has(userID)))
  );
}
