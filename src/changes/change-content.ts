/**
 * What a change changed. `created`: the group began, or its creation became known; `dismissed`, `status`, `owner`, `info`: fields of the group;
 * `joined`, `left`, `role`: members and their roles; `member`: other fields of members.
 */
export const CHANGE_KINDS = [
  'created',
  'dismissed',
  'status',
  'owner',
  'info',
  'joined',
  'left',
  'role',
  'member',
] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A value before and after a change; null: not known. */
export type Changed<T> = [from: T | null, to: T | null];

/** A member whose state changed; fields that did not change are absent. */
export interface MemberChange {
  userID: string;
  kind: Extract<ChangeKind, 'joined' | 'left' | 'role' | 'member'>;
  /** Of a member who left: the last one. 0: not known. */
  roleLevel: number;
  formerRoleLevel?: number;
  /** Why a member left: quit, kicked or dismissed. */
  cause?: string;
  nickname?: string;
  faceURL?: string;
  ex?: string;
  muteEndTime?: string;
}

/** What became what. */
export interface GroupDifference {
  /** The fields of the group that changed, under OpenIM's names. */
  group?: Record<string, Changed<string | number>>;
  /** At most 1,000 members. */
  members?: MemberChange[];
  /** Number of members beyond these; absent: none. */
  moreMembers?: number;
}

/** The fields of a group that began, as its creation reports them. */
interface Creation extends Record<string, string | number | null | string[] | number[]> {
  userIDs: string[];
  /** Their roles, in the same order. */
  roleLevels: number[];
}

/** A change as it is stored: a difference, or the creation of a group that was not known, in place of one. */
export type ChangeContent = GroupDifference | { created: Creation; moreMembers?: number };

/** A change as a difference: of a creation all fields are new, and each member joined. */
export function toDifference(content: ChangeContent): GroupDifference {
  if (!('created' in content)) {
    return content;
  }
  const { userIDs, roleLevels, groupID: _, ...fields } = content.created;
  const group = Object.entries(fields).filter(([, value]) => value !== null);
  return {
    group: Object.fromEntries(
      group.map(([name, value]) => [name, [name === 'memberCount' ? 0 : null, value as string | number]]),
    ),
    members: userIDs.map((userID, index) => ({ userID, kind: 'joined', roleLevel: roleLevels[index]! })),
    moreMembers: content.moreMembers ?? 0,
  };
}
