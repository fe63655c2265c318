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
  ).toSorted((one, other) => one.localeCompare(other)),
});

/** Reads the state of all groups in the mirror, by groupID. */
export async function mirrorOf(database: TestDatabase): Promise<Map<string, ReturnType<typeof truthOf>>> {
  const groups = await database.query<Record<string, unknown>>('SELECT * FROM groups');
  const members = await database.query<Record<string, unknown>>(
    'SELECT * FROM group_members WHERE left_at IS NULL',
  );
  const lists = new Map<unknown, string[]>(groups.map((group) => [group['group_id'], []]));
  for (const member of members) {
    const muteEndTime = (member['mute_end_time'] as Date | null)?.getTime();
    lists
      .get(member['group_id'])!
      .push([member['user_id'], member['role_level'], member['nickname'], muteEndTime].join(':'));
  }
  return new Map(
    groups.map((group) => [
      group['group_id'] as string,
      {
        groupName: group['group_name'] as string,
        introduction: group['introduction'] as string,
        ownerUserID: group['owner_user_id'] as string,
        createTime: (group['create_time'] as Date).getTime(),
        status: group['status'] as number,
        memberCount: Number(group['member_count']),
        members: lists.get(group['group_id'])!.toSorted((one, other) => one.localeCompare(other)),
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
