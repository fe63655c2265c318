import type { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import { DISMISSED } from '../../openim/constants.js';
import { MEMBERS_ASKED } from './group-reader.js';

/** What the mirror knows of a group before it is reconciled. */
export interface KnownGroup {
  groupID: string;
  versionID: string;
  version: number;
  memberCount: number;
  /** Whether a callback wrote it since it was last verified, or it is stale for another reason. */
  needsReconciling: boolean;
  /** Whether OpenIM's caches may still be of before the last callback. */
  isTooRecent: boolean;
  /** Whether it was verified within the last minute. */
  isFresh: boolean;
  /** Whether OpenIM had it, not dismissed, when it was last read. */
  isActive: boolean;
  /** Whether a user's name or picture changed, and the group is so small that it is read whole: that costs no more than to ask for users. */
  isReadWhole: boolean;
  /** Members whom callbacks changed since it was last verified, one more than are asked about at most. */
  doubtful: string[];
}

/**
 * $1: groupIDs. A group that was verified ahead of PostgreSQL's clock, which was set back since, counts as without a version: what
 * callbacks wrote after that cannot be told from what they wrote before. The members in doubt are read only of
 * groups in doubt: that takes as long as the group is large.
 */
const KNOWN = `
  SELECT g.*,
    CASE WHEN "needsReconciling" AND verified_at IS NOT NULL THEN ARRAY(
      SELECT user_id FROM group_members m WHERE m.group_id = "groupID" AND m.as_of > verified_at LIMIT ${MEMBERS_ASKED + 1}
    ) ELSE '{}' END AS doubtful
  FROM (
    SELECT group_id AS "groupID",
      CASE WHEN verified_at <= clock_timestamp() THEN coalesce(version_id, '') ELSE '' END AS "versionID",
      CASE WHEN verified_at <= clock_timestamp() THEN coalesce(version, 0)::float8 ELSE 0 END AS version,
      member_count::float8 AS "memberCount", verified_at,
      stale_since IS NOT NULL OR verified_at IS NULL OR coalesce(last_callback_at > verified_at, false)
        AS "needsReconciling",
      coalesce(last_callback_at > clock_timestamp() - interval '${CACHE_WINDOW_S} seconds', false) AS "isTooRecent",
      coalesce(verified_at > clock_timestamp() - interval '1 minute', false) AS "isFresh",
      coalesce(stale_reason = '${STALE.profile}' AND member_count <= ${MEMBERS_ASKED}, false) AS "isReadWhole",
      coalesce(status <> ${DISMISSED}, false) AND verified_at IS NOT NULL AND stale_since IS NULL AS "isActive"
    FROM groups WHERE group_id = ANY ($1)
  ) g`;

/** Reads what the mirror knows of some groups. Those that it does not know are missing. */
export async function readKnown(
  dataSource: DataSource,
  groupIDs: string[],
): Promise<Map<string, KnownGroup>> {
  const rows = await dataSource.query<KnownGroup[]>(KNOWN, [groupIDs]);
  return new Map(rows.map((row) => [row.groupID, row]));
}
