import {
  type ChangeContent,
  type Changed,
  type MemberChange,
  toDifference,
} from '../../src/changes/change-content.js';
import type { TestDatabase } from './database.js';

interface State {
  group: Record<string, string | number>;
  members: Record<string, Omit<MemberChange, 'userID' | 'kind' | 'cause' | 'formerRoleLevel'>>;
}

interface Row {
  groupID: string;
  revision: string;
  revisions: string[];
  group: State['group'];
  members: State['members'];
  changes: ChangeContent[];
  times: string[];
  periods: Period[];
}

/** A time during which a user was a member with a role; times in µs, `to` exclusive. */
interface Period {
  userID: string;
  roleLevel: number;
  from: number;
  to: number;
}

const DETAILS = `'nickname', nullif(m.nickname, ''), 'faceURL', nullif(m.face_url, ''), 'ex', nullif(m.ex, ''),
  'muteEndTime', nullif(m.mute_end_time, 'epoch')`;

/** A time in µs since 1970; far in the future for NULL. */
const US = (time: string): string =>
  `coalesce((extract(epoch FROM ${time}) * 1000000)::bigint, 9000000000000000)`;

/** Each of some groups ($1) as its rows say it, with its changes in order. */
const ROWS = `
  SELECT g.group_id AS "groupID", g.revision,
    jsonb_strip_nulls(jsonb_build_object('groupName', group_name, 'notification', notification, 'introduction', introduction,
      'faceURL', face_url, 'ex', ex, 'needVerification', need_verification, 'lookMemberInfo', look_member_info,
      'applyMemberFriend', apply_member_friend, 'ownerUserID', owner_user_id, 'status', status, 'creatorUserID', creator_user_id,
      'groupType', group_type, 'notificationUpdateTime', notification_update_time, 'notificationUserID', notification_user_id,
      'createTime', CASE WHEN created_as_of IS NOT NULL THEN create_time END, 'memberCount', member_count)) AS group,
    (SELECT coalesce(jsonb_object_agg(m.user_id, jsonb_strip_nulls(jsonb_build_object('roleLevel', m.role_level, ${DETAILS}))), '{}')
      FROM group_members m WHERE m.group_id = g.group_id AND m.left_at IS NULL) AS members,
    (SELECT coalesce(array_agg(c.revision ORDER BY c.revision), '{}') FROM group_changes c WHERE c.group_id = g.group_id) AS revisions,
    (SELECT coalesce(jsonb_agg(c.change ORDER BY c.revision), '[]') FROM group_changes c WHERE c.group_id = g.group_id) AS changes,
    (SELECT coalesce(array_agg(${US('c.as_of')} ORDER BY c.revision), '{}') FROM group_changes c WHERE c.group_id = g.group_id) AS times,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('userID', user_id, 'roleLevel', role_level, 'from', ${US('valid_from')}, 'to', ${US('valid_to')})), '[]')
      FROM (
        SELECT user_id, role_level, valid_from, valid_to FROM group_member_periods p WHERE p.group_id = g.group_id
        UNION ALL SELECT user_id, role_level, valid_from, NULL FROM group_members m WHERE m.group_id = g.group_id AND left_at IS NULL
      ) AS periods) AS periods
  FROM groups g WHERE g.group_id = ANY ($1)`;

/** Applies a change. @throws Error where it does not begin with the state before it */
function apply({ group, members }: State, content: ChangeContent): void {
  const change = toDifference(content);
  for (const [name, [from, to]] of Object.entries<Changed<string | number>>(change.group ?? {})) {
    expect([name, group[name] ?? null]).toEqual([name, toMs(from)]);
    if (to === null) {
      delete group[name];
    } else {
      group[name] = toMs(to)!;
    }
  }
  for (const { userID, kind, cause: _, formerRoleLevel, ...state } of change.members ?? []) {
    const before = members[userID];
    if (kind === 'left') {
      delete members[userID];
      continue;
    }
    if (kind === 'role') {
      expect([userID, before?.roleLevel]).toEqual([userID, formerRoleLevel]);
    }
    expect([userID, kind, before !== undefined]).toEqual([userID, kind, kind !== 'joined']);
    members[userID] = known({ ...before, ...state });
  }
}

/** Times as ms: sessions of other time zones write them in other ways. */
const toMs = <T>(value: T): T | number =>
  typeof value === 'string' && /^\d{4,6}-\d\d-\d\dT/.test(value) ? Date.parse(value) : value;
const timesToMs = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, toMs(value)])) as T;

/** A detail that is empty is the same as one that is not known. */
const known = <T extends object>(member: T): T =>
  Object.fromEntries(
    Object.entries(timesToMs(member)).filter(
      ([name, value]) => value !== '' && !(name === 'muteEndTime' && value === 0),
    ),
  ) as T;

/**
 * Expects that the changes of each of some groups, from the first one on, lead to its rows, and that none is missing.
 */
export async function expectChangesLeadToRows(
  database: TestDatabase,
  groupIDs: readonly string[],
): Promise<void> {
  for (const row of await database.query<Row>(ROWS, [groupIDs])) {
    const state: State = { group: { memberCount: 0 }, members: {} };
    row.changes.forEach((change) => apply(state, change));
    expect([row.groupID, row.revisions.map(Number)]).toEqual([
      row.groupID,
      Array.from({ length: Number(row.revision) }, (__, index) => index + 1),
    ]);
    if (row.revisions.length > 0) {
      expect([row.groupID, state.group]).toEqual([row.groupID, timesToMs(row.group)]);
    }
    const members = Object.fromEntries(
      Object.entries(row.members).map(([userID, member]) => [userID, known(member)]),
    );
    expect([row.groupID, state.members]).toEqual([row.groupID, members]);
    expectMembersAtAnyMoment(row);
  }
}

/** The periods to which the changes lead. */
function periodsOf({ changes, times }: Row): Period[] {
  const ended: Period[] = [];
  const current = new Map<string, Period>();
  changes.forEach((content, index) => {
    const at = Number(times[index]);
    for (const { userID, kind, roleLevel, formerRoleLevel } of toDifference(content).members ?? []) {
      const period = current.get(userID);
      if (period && kind === 'role' && formerRoleLevel === 0) {
        period.roleLevel = roleLevel; // the role was this one, and is known now
      } else if (kind !== 'member') {
        if (period) {
          ended.push({ ...period, to: at });
        }
        current.delete(userID);
        if (kind !== 'left') {
          current.set(userID, { userID, roleLevel, from: at, to: Infinity });
        }
      }
    }
  });
  return [...ended, ...current.values()];
}

const at = (periods: Period[], moment: number): string[] =>
  periods
    .filter(({ from, to }) => from <= moment && moment < to)
    .map(({ userID, roleLevel }) => `${userID} ${roleLevel}`)
    .toSorted();

/** Expects that the periods in the tables say who was a member, and with which role, as the changes do: at each change, and beside it. */
function expectMembersAtAnyMoment(row: Row): void {
  const expected = periodsOf(row);
  for (const moment of row.times.flatMap((time) => [-1, 0, 1].map((us) => Number(time) + us))) {
    expect([row.groupID, moment, at(row.periods, moment)]).toEqual([
      row.groupID,
      moment,
      at(expected, moment),
    ]);
  }
}
