import type { GroupChanges, GroupInfo } from '../../openim/openim-answers.js';

/** OpenIM's answer to the request for the changes of a group. */
export type ChangesResult =
  /** The changes since a version. */
  | { readonly kind: 'changes'; readonly changes: GroupChanges }
  /** OpenIM keeps no version of the group: it is dismissed, or has no owner. */
  | { readonly kind: 'versionless'; readonly info: GroupInfo }
  /** OpenIM does not have the group. */
  | { readonly kind: 'absent' }
  /** OpenIM fails for this group, but not for others. */
  | { readonly kind: 'failed'; readonly reason: string };

/** OpenIM's answer to the request for the info of a group. */
export type InfoResult = Exclude<ChangesResult, { kind: 'changes' }>;

/** Result of a group that cannot be read. */
export type Unreadable = Exclude<InfoResult, { kind: 'versionless' }>;

/** @param changes the changes, or the error of a group that cannot be parsed */
export const toChangesResult = (changes: GroupChanges | Error): ChangesResult =>
  changes instanceof Error ? { kind: 'failed', reason: changes.message } : { kind: 'changes', changes };

/** @param info the info, or the error of a group that cannot be parsed; undefined: OpenIM does not have the group */
export function toInfoResult(info: GroupInfo | Error | undefined): InfoResult {
  if (info === undefined) {
    return { kind: 'absent' };
  }
  return info instanceof Error ? { kind: 'failed', reason: info.message } : { kind: 'versionless', info };
}

/** Returns the group itself, where the result has it. */
export const infoOf = (result: ChangesResult): GroupInfo | undefined =>
  result.kind === 'changes' ? result.changes.group : result.kind === 'versionless' ? result.info : undefined;
