/**
 * Parts that the statements of `GroupSyncService` share. Each statement takes $1 the groupID, $2 the change as JSON, $3 when
 * it was received (null: now), $4 and on its delivery (null: none to log), and runs in one transaction of its own at
 * REPEATABLE READ: what it reads of a group is what it changes, or PostgreSQL ends it with 40001 and it is run again. So
 * every statement that changes something of a group changes the group's row too.
 *
 * A statement says what it means in two CTEs: `planned`, the rows of members as they shall be, and `effect`, one row: `delta`
 * for memberCount, `changed`, and `stale`, why the callbacks cannot tell the whole truth (null: they can).
 */

/**
 * A moment, at REPEATABLE READ. At any other isolation the statement fails, and writes nothing, with SQLSTATE 42704 and the name of this
 * setting that does not exist: a pooler may have taken the session's own isolation away.
 */
export const atRepeatableRead = (moment: string): string => `
      CASE current_setting('transaction_isolation') WHEN 'repeatable read' THEN ${moment}
      ELSE current_setting('openim_group_sync.needs_repeatable_read')::timestamptz END`;

/**
 * `known`: the group so far.
 * `moment`: what the change is true as of. Not `now()`, which may be before the commit of what the statement sees already.
 * Nothing, and so the statement does nothing, where the whole group was read from OpenIM since.
 */
export const BASE = `
  known AS (SELECT * FROM groups WHERE group_id = $1),
  moment AS (
    SELECT ${atRepeatableRead('coalesce($3::timestamptz, clock_timestamp())')} AS as_of
    WHERE $3::timestamptz IS NULL OR NOT EXISTS (SELECT FROM known WHERE verified_at > $3)
  )`;

/**
 * Whether nothing later than the change is known of a row. What comes in now is the latest that there is, also where the
 * clock of PostgreSQL was set back, or another server took over; what is replayed is compared.
 */
export const isCurrent = (asOf: string, change: 'moment' | 'excluded' = 'moment'): string =>
  `($3::timestamptz IS NULL OR ${asOf} <= ${change}.as_of)`;

/**
 * Whether a moment lies ahead of PostgreSQL's clock: its clock was set back since, or another server with another clock took over.
 * Such a moment says nothing about the order of what comes now.
 */
export const isAhead = (asOf: string): string => `(${asOf} > clock_timestamp())`;

/** The later of a row's moment and that of the change; the change's where the row's lies ahead of the clock. */
export const laterAsOf = (row: 'g' | 'm'): string =>
  `CASE WHEN ${isAhead(`${row}.as_of`)} THEN excluded.as_of ELSE greatest(${row}.as_of, excluded.as_of) END`;

/** Why a group needs a look. */
export const STALE = {
  creation: 'its creation was not received',
  member: 'a member came or went unseen',
  role: 'a former role is not known',
  order: 'the order of two callbacks is not clear',
  entered: 'somebody entered',
  notified: 'OpenIM notified the members of a change',
  profile: 'the name or picture of a user changed',
  rejected: 'a callback was rejected',
  failed: 'a callback failed',
  unread: 'it could not be read whole from OpenIM',
  absent: 'OpenIM does not know it',
} as const;

/**
 * OpenIM waits for an answer for 15 s at most (tools/utils/httputil/http_client.go, NewClientConfig), and has two workers: by
 * so much one callback can overtake another. What another callback than the creation told within that time is `recent`.
 */
export const recent = (row: 'm' | 'known'): string => `
  (${row}.as_of > moment.as_of - interval '15 seconds' AND ${row}.as_of IS DISTINCT FROM known.created_as_of)`;

/**
 * Whether a mark of less than a second ago says already that the group needs a look, and it has not been had since. Many hints about
 * one change, such as an invitation of a thousand, then cost one write.
 */
export const isMarked = (row: string): string => `
  (${row}.stale_since IS NOT NULL AND ${row}.last_callback_at > clock_timestamp() - interval '1 second'
    AND ${row}.last_callback_at > coalesce(${row}.verified_at, '-infinity'))`;

/** Marks a row `g` stale, as an assignment of an UPDATE. The first reason stays, but for the one that the creation takes away. */
export const markedStale = (reason: string): string => `
    stale_reason = CASE WHEN g.stale_reason IS NULL OR g.stale_reason = '${STALE.creation}' THEN ${reason} ELSE g.stale_reason END,
    stale_since = coalesce(g.stale_since, now()),
    last_callback_at = clock_timestamp()`;

/** The columns of a member that are told, after the key. */
export const MEMBER = [
  'role_level',
  'left_at',
  'left_cause',
  'left_reason',
  'nickname',
  'face_url',
  'ex',
  'join_source',
  'inviter_user_id',
  'join_time',
  'mute_end_time',
];

/** The columns of a member that nobody has told anything about, for `planned`. */
export const KEPT = MEMBER.slice(4)
  .map((column) => `m.${column}`)
  .join(', ');

/** `told_users`, and with it each user's row so far as `m`, unless something later is known of the user. */
export const MEMBERS_SO_FAR = `
  moment
  LEFT JOIN known ON true
  CROSS JOIN told_users
  LEFT JOIN group_members m ON m.group_id = $1 AND m.user_id = told_users.user_id
  WHERE (m.as_of IS NULL OR ${isCurrent('m.as_of')})`;

const list = (items: string[]): string => items.map((item) => `${item}, `).join('');

/**
 * Writes the group's row, a first one if the group is not known: what is told (columns and their expressions over `told`)
 * unless something later is known, memberCount by the effect's delta, and why it needs a look. The first reason stays, but
 * for the one that the creation takes away when it comes.
 */
export function writtenGroup(told: Readonly<Record<string, string>> = {}): string {
  const columns = Object.keys(told);
  return `
  written_group AS (
    INSERT INTO groups AS g (group_id, ${list(columns)}create_time, member_count, as_of, synced_at, last_callback_at,
      stale_since, stale_reason)
    SELECT $1, ${list(Object.values(told))}moment.as_of, greatest(effect.delta, 0), moment.as_of, now(), clock_timestamp(), now(),
      coalesce(effect.stale, '${STALE.creation}')
    FROM moment, effect${columns.length > 0 ? ', told' : ''}
    WHERE effect.touched
    ON CONFLICT (group_id) DO UPDATE SET
      ${columns
        .map(
          (column) => `${column} = CASE WHEN ${isCurrent('g.as_of', 'excluded')}
        THEN coalesce(excluded.${column}, g.${column}) ELSE coalesce(g.${column}, excluded.${column}) END,`,
        )
        .join('\n      ')}
      member_count = greatest(g.member_count + (SELECT delta FROM effect), 0),
      as_of = ${columns.length > 0 ? laterAsOf('g') : 'g.as_of'},
      synced_at = excluded.synced_at,
      last_callback_at = excluded.last_callback_at,
      stale_since = CASE WHEN (SELECT stale FROM effect) IS NULL THEN g.stale_since ELSE coalesce(g.stale_since, now()) END,
      stale_reason = CASE WHEN g.stale_reason IS NULL OR g.stale_reason = '${STALE.creation}'
        THEN coalesce((SELECT stale FROM effect), g.stale_reason) ELSE g.stale_reason END
    RETURNING 1
  )`;
}

/** Writes the rows of `planned`, after the group's row and in the order of their key: writers of one group cannot deadlock. */
export const WRITTEN_MEMBERS = `
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, ${MEMBER.join(', ')}, as_of, synced_at)
    SELECT $1, user_id, ${MEMBER.map((column) => `planned.${column}`).join(', ')}, moment.as_of, now()
    FROM (SELECT count(*) FROM written_group) AS group_done, moment, planned
    ORDER BY user_id COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      ${MEMBER.map((column) => `${column} = excluded.${column}`).join(', ')},
      as_of = ${laterAsOf('m')},
      synced_at = excluded.synced_at
  )`;
