import { BadRequestException, GoneException, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ChangePoller } from './change-poller.service.js';
import { type ChangeDto, type ChangesPage, toChangeDto } from './change.dto.js';
import { BEGINNING, before, decodeFeedCursor, encodeFeedCursor, type FeedCursor } from './feed-cursor.js';
import { HORIZON } from './feed-order.js';
import type { ChangesQuery } from './changes-query.js';
import type { GroupChange } from './group-change.entity.js';

/** Maximum number of changes that one statement goes through for those of a kind. */
const SCANNED = 5000;

export const CHANGE_COLUMNS = `
    position::text, group_id AS "groupID", revision::text, kinds, source, cause, as_of AS "asOf", recorded_at AS "recordedAt", change`;

/**
 * Reads a part of the feed behind a place ($1 to $3): goes through at most $4 changes, and returns at most $5 of the kind $6 (null: any). Has
 * one row at least, without a change where there is none. `last` is the last change that it went through.
 * @param condition limits the changes to those of a group
 * @param order columns; with their table where the result has texts of these names
 */
const read = (condition: string, order: readonly string[]): string => `
  WITH feed AS (SELECT epoch, removed_position, ${HORIZON} AS horizon FROM change_feed),
  scanned AS (
    SELECT * FROM group_changes
    WHERE (position, group_id, revision) > ($1::bigint, $2, $3::bigint) AND position < (SELECT horizon FROM feed) ${condition}
    ORDER BY ${order.join(', ')} LIMIT $4
  ),
  matching AS (
    SELECT ${CHANGE_COLUMNS} FROM scanned WHERE $6::text IS NULL OR $6 = ANY (kinds) ORDER BY ${order.map((column) => `scanned.${column}`).join(', ')} LIMIT $5
  )
  SELECT feed.epoch, feed.removed_position::text AS "removedPosition", feed.horizon::text,
    (SELECT count(*) FROM scanned)::integer AS scanned,
    (SELECT json_build_object('position', position::text, 'groupID', group_id, 'revision', revision::text) FROM scanned
      ORDER BY position DESC, group_id DESC, revision DESC LIMIT 1) AS last,
    matching.*
  FROM feed LEFT JOIN matching ON true`;

const OF_ALL_GROUPS = read('', ['position', 'group_id', 'revision']);
/** Within a group the order of revisions is that of positions. */
const OF_ONE_GROUP = read('AND group_id = $7 AND revision > $8::bigint', ['revision']);

const CAUSED_BY = `
  SELECT ${CHANGE_COLUMNS} FROM group_changes WHERE group_id = $1 AND cause = ANY ($2::uuid[]) AND recorded_at >= $3 ORDER BY revision`;

interface Feed {
  epoch: string;
  removedPosition: string;
  horizon: string;
  scanned: number;
  last: FeedCursor | null;
}
type Row = Feed & (GroupChange | { groupID: null });

/** What a part of the feed has, and where the next part begins. */
export interface FeedPart {
  readonly epoch: string;
  readonly changes: GroupChange[];
  readonly next: FeedCursor;
  readonly caughtUp: boolean;
  /** Whether the retention removed changes behind the place. */
  readonly isIncomplete: boolean;
}

/** Which changes are read. */
export type FeedFilter = Pick<ChangesQuery, 'limit' | 'groupID' | 'kind'>;

/** Reads the feed of changes. */
@Injectable()
export class ChangesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly poller: ChangePoller,
  ) {}

  /**
   * Reads changes, oldest first, and waits for the first one where there is none.
   * @param signal ends the wait
   * @throws BadRequestException for a text that is no cursor; GoneException for a cursor whose changes are no longer there
   */
  async list({ since, wait, ...filter }: ChangesQuery, signal: AbortSignal): Promise<ChangesPage> {
    const end = Date.now() + wait;
    let cursor = since;
    for (;;) {
      const { generation } = this.poller;
      const part = await this.read(cursor, filter);
      cursor = encodeFeedCursor(part.epoch, part.next);
      const remaining = end - Date.now();
      if (
        part.changes.length > 0 ||
        (part.caughtUp && (remaining <= 0 || signal.aborted || this.poller.isEnded))
      ) {
        return { items: part.changes.map(toChangeDto), nextCursor: cursor, caughtUp: part.caughtUp };
      }
      if (part.caughtUp) {
        await this.poller.next(generation, remaining, signal);
      }
    }
  }

  /**
   * Reads a part of the feed.
   * @param since a cursor, `now`, or undefined for the beginning
   * @throws as `list`
   */
  async read(since: string | undefined, filter: FeedFilter): Promise<FeedPart> {
    if (since === undefined || since === 'now') {
      return this.readAfter(since === 'now' ? since : BEGINNING, filter);
    }
    const cursor = decode(since);
    const part = await this.readAfter(cursor, filter);
    if (part.isIncomplete || part.epoch !== cursor.epoch) {
      throw new GoneException(
        'The changes behind this cursor are no longer kept: list the groups again, then read from since=now',
      );
    }
    return part;
  }

  /** Lists the changes of a group that deliveries caused. @param since a time before all of them */
  async causedBy(groupID: string, deliveryIDs: readonly string[], since: Date): Promise<ChangeDto[]> {
    const rows = await this.dataSource.query<GroupChange[]>(CAUSED_BY, [groupID, deliveryIDs, since]);
    return rows.map(toChangeDto);
  }

  /**
   * Reads a part of the feed, though changes may be missing in it.
   * @param place the place behind which it reads; `now`: the end, where no change is
   * @throws the driver's error
   */
  async readAfter(place: FeedCursor | 'now', { limit, groupID, kind }: FeedFilter): Promise<FeedPart> {
    const cursor = place === 'now' ? BEGINNING : place;
    const scan = place === 'now' ? 0 : kind === undefined ? limit + 1 : SCANNED;
    const shared = [cursor.position, cursor.groupID, cursor.revision, scan, limit + 1, kind ?? null];
    const rows =
      groupID === undefined
        ? await this.dataSource.query<[Row, ...Row[]]>(OF_ALL_GROUPS, shared)
        : await this.dataSource.query<[Row, ...Row[]]>(OF_ONE_GROUP, [
            ...shared,
            groupID,
            cursor.groupID === groupID ? cursor.revision : '0',
          ]);
    const [{ epoch, removedPosition, horizon, scanned, last }] = rows;
    const isIncomplete = BigInt(cursor.position) <= BigInt(removedPosition);
    const changes = rows.filter((row): row is Feed & GroupChange => row.groupID !== null);
    if (changes.length > limit) {
      const kept = changes.slice(0, limit);
      return { epoch, changes: kept, next: kept.at(-1)!, caughtUp: false, isIncomplete };
    }
    return scan > 0 && scanned === scan
      ? { epoch, changes, next: last!, caughtUp: false, isIncomplete }
      : { epoch, changes, next: before(horizon), caughtUp: true, isIncomplete };
  }
}

function decode(since: string): FeedCursor & { epoch: string } {
  const cursor = decodeFeedCursor(since);
  if (!cursor) {
    throw new BadRequestException(['since must be now, or the nextCursor of an earlier answer']);
  }
  return cursor;
}
