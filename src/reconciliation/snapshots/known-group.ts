import type { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { DISMISSED } from '../../openim/constants.js';
import type { GroupVersion } from '../../openim/openim-answers.js';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import { MAX_MEMBERS_REQUESTED } from './group-reader.js';

/** State of a group in the mirror before it is reconciled. `version` is the one of the last snapshot or delta. */
export interface KnownGroup extends GroupVersion {
  memberCount: number;
  /** Whether a callback wrote the group since it was last verified, or it is stale for another reason. */
  needsReconciling: boolean;
  /** Whether OpenIM's caches may hold the state before the last callback. */
  isTooRecent: boolean;
  /** Whether the group was verified within the last minute. */
  isRecentlyVerified: boolean;
  /** Whether OpenIM had the group, not dismissed, when it was last read. */
  isActive: boolean;
  /** Whether the name or picture of a user changed, and the group is so small that a full snapshot costs no more than a delta. */
  prefersFullSnapshot: boolean;
  /** Members whom callbacks changed since the group was last verified, at most one more than one request may name. */
  changedUserIDs: string[];
}

/**
 * $1: groupIDs, $2: the start of their reconciliation, by which the statement that writes them judges too what is recent. A group that was
 * verified ahead of PostgreSQL's clock, which was set back since, counts as without a version: later writes of callbacks cannot be
 * distinguished from earlier ones. The changed members are read only of groups that need reconciling, since the time for it grows with the
 * size of the group.
 */
const KNOWN = `
  SELECT g.*,
    CASE WHEN "needsReconciling" AND verified_at IS NOT NULL THEN ARRAY(
      SELECT user_id FROM group_members m
      WHERE m.group_id = "groupID" AND m.as_of > verified_at LIMIT ${MAX_MEMBERS_REQUESTED + 1}
    ) ELSE '{}' END AS "changedUserIDs"
  FROM (
    SELECT group_id AS "groupID",
      CASE WHEN verified_at <= clock_timestamp() THEN coalesce(version_id, '') ELSE '' END AS "versionID",
      CASE WHEN verified_at <= clock_timestamp() THEN coalesce(version, 0)::float8 ELSE 0 END AS version,
      member_count::float8 AS "memberCount", verified_at,
      stale_since IS NOT NULL OR verified_at IS NULL OR coalesce(last_callback_at > verified_at, false)
        AS "needsReconciling",
      coalesce(last_callback_at > $2::timestamptz - interval '${CACHE_WINDOW_S} seconds', false) AS "isTooRecent",
      coalesce(verified_at > clock_timestamp() - interval '1 minute', false) AS "isRecentlyVerified",
      coalesce(stale_reason = '${STALE.profile}' AND member_count <= ${MAX_MEMBERS_REQUESTED}, false) AS "prefersFullSnapshot",
      coalesce(status <> ${DISMISSED}, false) AND verified_at IS NOT NULL AND stale_since IS NULL AS "isActive"
    FROM groups WHERE group_id = ANY ($1)
  ) g`;

/** Reads the state of some groups in the mirror. Unknown groups are missing. @param asOf the start of their reconciliation */
export async function readKnownGroups(
  dataSource: DataSource,
  groupIDs: string[],
  asOf: Date,
): Promise<Map<string, KnownGroup>> {
  const rows = await dataSource.query<KnownGroup[]>(KNOWN, [groupIDs, asOf]);
  return new Map(rows.map((row) => [row.groupID, row]));
}
