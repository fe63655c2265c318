import { RoleLevel } from '../../openim/constants.js';
import { storableText } from '../../postgres/storable-text.js';
import { RULES } from './fields.js';

/** An entry of `initMemberList`. Both fields may be absent, with Go's zero value then. */
export interface InitMember {
  userID?: string;
  roleLevel?: number;
}

const PROBLEMS_SHOWN = 10;

/**
 * Checks the whole list in one pass: 100,000 members take some ms, where a class instance for each would take more than a
 * second.
 * @returns what is wrong with it, each with its path; at most ten, then how many more there are
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
 * The true members in a list as OpenIM's server writes it (internal/rpc/group/callback.go, webhookAfterCreateGroup): the owner
 * as 100,
 * the admins as 60, and then everybody again as 20: members, admins, owner, and last, where an app admin who is no member
 * made the group, that operator. So each user counts with the highest role, and what follows the owner's second entry is no
 * member.
 * A list of another shape, such as the one that OpenIM's page shows, is taken as it stands. An entry that names nobody is
 * passed over.
 * @returns the members in the order of their first mention, and how many users were no members
 */
export function trueMembers(
  list: readonly InitMember[],
  ownerUserID: string,
): { members: Map<string, number>; strangers: number } {
  const members = new Map<string, number>();
  const strangers = new Set<string>();
  let complete = false;
  for (const entry of list) {
    const userID = storableText(entry.userID ?? '');
    const roleLevel = entry.roleLevel ?? 0;
    const known = members.get(userID);
    if (complete && known === undefined) {
      strangers.add(userID);
    } else {
      members.set(userID, Math.max(known ?? roleLevel, roleLevel));
      complete ||= userID === ownerUserID && known === RoleLevel.Owner && roleLevel === RoleLevel.Ordinary;
    }
  }
  members.delete('');
  strangers.delete('');
  return { members, strangers: strangers.size };
}
