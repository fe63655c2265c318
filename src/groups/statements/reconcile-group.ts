import type { GroupMemberInfo } from '../../openim/openim-answers.js';
import type { PreparedStatement } from '../../postgres/prepared-statement.js';
import type { GroupFields } from './fields.js';
import { CHANGES, COMPARED, COUNTED, SNAPSHOT, VERDICT } from './reconcile-group-comparison.js';
import { DRIFT, DRIFT_AS_ANSWER, FIELD_DIFFERENCES } from './reconcile-group-drift.js';
import { ACCEPTED, MEMBER_CHANGES, PLANNED, RECORDED, WRITTEN_GROUP } from './reconcile-group-writes.js';
import { UPSERT_MEMBERS } from './building-blocks.js';
import { endedPeriods } from './member-changes.js';

/** A group as OpenIM's REST API shows it: a snapshot of all of it, or a delta since a version. Times are texts for timestamptz. */
export interface GroupSnapshot {
  /** The version that the snapshot is of; null where OpenIM keeps none: the group is dismissed, or has no owner. */
  versionID: string | null;
  version: number | null;
  /** Whether the snapshot agrees with itself, so that it is believed to be the truth. */
  verified: boolean;
  /** Whether it is a snapshot; a delta otherwise. */
  whole: boolean;
  /** Whether `members` has all members: then each other member has left. */
  complete: boolean;
  /** Why the snapshot is not believed; null where it is. */
  reason: string | null;
  /** Whether a second snapshot agrees: then many members may leave at once. */
  confirmed: boolean;
  /** End of the first backfill: the creation of a group that is unknown and was created later was missed. Null before it. */
  watchedSince: string | null;
  /** Absent from a delta where the group's own fields did not change. */
  info?: GroupFields & { memberCount: number };
  /** All members, or those that changed; each user once. */
  members: GroupMemberInfo[];
  /** The userIDs of the members who left since the version. */
  left: string[];
}

/** Differences of one kind, with a sentence for staff. */
export interface Drift {
  kind: string;
  differences: number;
  summary: string;
}

/** Outcome of writing a snapshot. */
export interface Reconciled {
  /**
   * `verified`: the group is as the snapshot says; `unverified`: only what can be believed was written; `needsConfirmation`: nothing was
   * written, since many members would leave; `outdated`: nothing was written, since a later snapshot was; `tooRecent`: a callback of the
   * last seconds reported who joined or left, OpenIM does not show that, and the callback stands.
   */
  outcome: 'verified' | 'unverified' | 'needsConfirmation' | 'outdated' | 'tooRecent';
  /** Whether a delta does not lead from the rows to the number of members in OpenIM, or contradicts a callback. */
  needsFullSnapshot: boolean;
  /** Number of rows that are written, or would be, because they differ. */
  differing: number;
  /** What differed from what was known before. */
  drift: Drift[];
}

/**
 * Makes the rows of a group equal to a snapshot, as of $3, when the snapshot began. A row that is true as of later stays. Members leave
 * only by a complete snapshot or where OpenIM lists them as left, and many at once only by two (`needsConfirmation`). A snapshot that began
 * before the last verified one is not written (`outdated`). What changes is recorded, of the run $4, and with it each difference from what was known
 * (`drift`); a field that no callback had reported is no difference. A group that was unknown is one: `group`, or `filled` where it is older than the mirror.
 */
export const RECONCILE_GROUP: PreparedStatement = {
  name: 'reconcileGroup',
  text: `
  WITH ${SNAPSHOT},
  ${COMPARED},
  ${CHANGES},
  ${COUNTED},
  ${VERDICT},
  ${ACCEPTED},
  ${PLANNED},
  ${MEMBER_CHANGES},
  ${WRITTEN_GROUP},
  ${UPSERT_MEMBERS},
  ${endedPeriods()},
  ${FIELD_DIFFERENCES},
  ${DRIFT},
  ${RECORDED}
  SELECT
    CASE WHEN is_outdated THEN 'outdated' WHEN needs_confirmation THEN 'needsConfirmation'
      WHEN (SELECT is_verified FROM accepted) THEN 'verified' WHEN is_too_recent THEN 'tooRecent' ELSE 'unverified' END AS outcome,
    needs_full_snapshot AS "needsFullSnapshot",
    (SELECT count(*) FROM planned)::integer + coalesce((SELECT group_differs FROM field_differences), false)::integer AS differing,
    ${DRIFT_AS_ANSWER} AS drift
  FROM verdict`,
};
