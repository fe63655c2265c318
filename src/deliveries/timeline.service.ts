import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../admin-api/paging.js';
import { type TimelineEntry, type TimelinePage, toTimelineEntryDto } from './deliveries.dto.js';

/** The revision of a change as a uuid, as the ids of deliveries are: both kinds of entries have one order. */
const CHANGE_ID = "lpad(to_hex(revision), 32, '0')::uuid";

/** Reads at most one page of each log, by its index, then takes the newest rows of both. */
const TIMELINE = `
  SELECT *, at::text AS "exactTime" FROM (
    (SELECT id, received_at AS at, command, outcome, problems, summary FROM callback_deliveries
     WHERE group_id = $1 AND (received_at, id) < ($2::timestamptz, $3::uuid) ORDER BY received_at DESC, id DESC LIMIT $4)
    UNION ALL
    (SELECT ${CHANGE_ID}, recorded_at, NULL, 'reconciled', NULL,
       (SELECT string_agg(d->>'summary', '; ') FROM jsonb_array_elements(drift) AS d)
     FROM group_changes
     WHERE group_id = $1 AND drift IS NOT NULL AND recorded_at <= $2 AND (recorded_at, ${CHANGE_ID}) < ($2::timestamptz, $3::uuid)
     ORDER BY recorded_at DESC, revision DESC LIMIT $4)
  ) AS entries
  ORDER BY at DESC, id DESC LIMIT $4`;

const FROM_THE_NEWEST = ['infinity', '00000000-0000-0000-0000-000000000000'];

/** The timelines of groups: their callbacks, and the drift that reconciliation found. */
@Injectable()
export class TimelineService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Lists the entries of a group, newest first.
   * @throws BadRequestException for a cursor of another list
   */
  async read(groupID: string, { limit, cursor }: PageQuery): Promise<TimelinePage> {
    const after = cursor === undefined ? FROM_THE_NEWEST : decodeCursor(cursor, ['timestamptz', 'uuid']);
    const rows = await this.dataSource.query<(TimelineEntry & { exactTime: string })[]>(TIMELINE, [
      groupID,
      ...after,
      limit + 1,
    ]);
    const { items, nextCursor } = page(rows, limit, ({ exactTime, id }) => [exactTime, id]);
    return { items: items.map(toTimelineEntryDto), nextCursor };
  }
}
