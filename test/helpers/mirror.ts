import { isDeepStrictEqual } from 'node:util';
import type { TestDatabase } from './database.js';
import { displayedName } from './fake-openim.js';
import type { OpenImGroup } from './open-im.js';

/** Returns the state of a group in OpenIM, in the form of `mirrorOf`. */
export const truthOf = (group: OpenImGroup) => ({
  groupName: group.groupName,
  introduction: group.introduction,
  ownerUserID: group.shownOwner,
  createTime: group.createTime,
  status: group.status,
  memberCount: group.members.size,
  members: Array.from(group.members, ([userID, member]) =>
    [userID, member.roleLevel, displayedName(userID, member), member.muteEndTime ?? 0].join(':'),
  ).toSorted(),
});

/** Reads the state of all groups in the mirror, by groupID. */
export async function mirrorOf(database: TestDatabase): Promise<Map<string, ReturnType<typeof truthOf>>> {
  // Only the columns that are compared, and times as numbers: tests read the mirror often, and the driver is slow at parsing times.
  const groups = await database.query<Record<string, unknown>>(
    `SELECT group_id, group_name, introduction, owner_user_id, status, member_count,
       (extract(epoch FROM create_time) * 1000)::float8 AS create_time FROM groups`,
  );
  const members = await database.query<{ group_id: string; member: string }>(
    `SELECT group_id, concat(user_id, ':', role_level, ':', nickname, ':', (extract(epoch FROM mute_end_time) * 1000)::bigint) AS member
     FROM group_members WHERE left_at IS NULL`,
  );
  const lists = new Map<unknown, string[]>(groups.map((group) => [group['group_id'], []]));
  members.forEach(({ group_id: groupID, member }) => lists.get(groupID)!.push(member));
  return new Map(
    groups.map((group) => [
      group['group_id'] as string,
      {
        groupName: group['group_name'] as string,
        introduction: group['introduction'] as string,
        ownerUserID: group['owner_user_id'] as string,
        createTime: group['create_time'] as number,
        status: group['status'] as number,
        memberCount: Number(group['member_count']),
        members: lists.get(group['group_id'])!.toSorted(),
      },
    ]),
  );
}

/** Returns the states of groups in OpenIM, by groupID. */
const truthOfAll = (groups: Iterable<OpenImGroup>): Map<string, ReturnType<typeof truthOf>> =>
  new Map(Array.from(groups, (group) => [group.groupID, truthOf(group)]));

/** Returns the groups that differ between OpenIM and the mirror, with both states. */
export async function differences(database: TestDatabase, groups: Iterable<OpenImGroup>): Promise<object[]> {
  const mirror = await mirrorOf(database);
  const truth = truthOfAll(groups);
  return [...new Set([...mirror.keys(), ...truth.keys()])]
    .filter((groupID) => !isDeepStrictEqual(mirror.get(groupID), truth.get(groupID)))
    .map((groupID) => ({ groupID, truth: truth.get(groupID), mirror: mirror.get(groupID) }));
}
