import { RoleLevel } from '../../openim/constants.js';
import { storableText } from '../../postgres/storable-text.js';
import { RULES } from './fields.js';

/** Entry of `initMemberList`. An absent field has Go's zero value. */
export interface InitMember {
  userID?: string;
  roleLevel?: number;
}

/** Problems in one reply; the rest is counted. */
const PROBLEMS_SHOWN = 10;

/**
 * Validates the whole list in one pass: 100,000 members take some ms. A class instance for each would take more than a second.
 * @returns problems with their paths: the first ten, and the number of the others
 */
export function initMemberListProblems(list: unknown): string[] {
  if (list === null) {
    return [];
  }
  if (!Array.isArray(list)) {
    return ['initMemberList must be an array or null'];
  }
  const problems: string[] = [];
  list.forEach((entry: unknown, index) => {
    const problem = entryProblem(entry);
    if (problem) {
      problems.push(`initMemberList[${index}]${problem}`);
    }
  });
  const more = problems.length - PROBLEMS_SHOWN;
  return more > 0
    ? [...problems.slice(0, PROBLEMS_SHOWN), `initMemberList has ${more} more problems`]
    : problems;
}

function entryProblem(entry: unknown): string | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return ' must be an object';
  }
  const { userID, roleLevel } = entry as Record<string, unknown>;
  if (userID !== undefined && !RULES.optionalID.test(userID)) {
    return `.userID must be ${RULES.optionalID.says}`;
  }
  if (roleLevel !== undefined && !RULES.int32.test(roleLevel)) {
    return `.roleLevel must be ${RULES.int32.says}`;
  }
  return undefined;
}

/**
 * Finds the true members in a list as OpenIM's server writes it (internal/rpc/group/callback.go, webhookAfterCreateGroup): the owner with
 * role 100, the admins with 60, then all users again with 20: members, admins, owner. Where an app admin who is no member created the
 * group, that operator follows. So each user has the highest of its roles, and the users behind the second entry of the owner are no
 * members.
 * All entries of another list count, such as those on OpenIM's page. Entries without a userID are skipped.
 * @returns members with their roles, in the order of their first entries, and the number of users who are no members
 */
export function trueMembers(
  list: readonly InitMember[],
  ownerUserID: string,
): { members: Map<string, number>; nonMembers: number } {
  const members = new Map<string, number>();
  const nonMembers = new Set<string>();
  let complete = false;
  for (const entry of list) {
    const userID = storableText(entry.userID ?? '');
    const roleLevel = entry.roleLevel ?? 0;
    const known = members.get(userID);
    if (complete && known === undefined) {
      nonMembers.add(userID);
    } else {
      members.set(userID, Math.max(known ?? roleLevel, roleLevel));
      complete ||= userID === ownerUserID && known === RoleLevel.Owner && roleLevel === RoleLevel.Ordinary;
    }
  }
  members.delete('');
  nonMembers.delete('');
  return { members, nonMembers: nonMembers.size };
}
