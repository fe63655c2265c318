import type { GroupInfo, GroupMemberInfo } from '../../openim/openim-answers.js';
import { type ChangesResult, infoOf } from './changes-result.js';

/** A list of members while its pages are read. A delta overrides the pages as to the users that it names. */
export class MemberListBuilder {
  private readonly listed = new Map<string, GroupMemberInfo>();
  private readonly changed = new Map<string, GroupMemberInfo | null>();
  /** The totals in the pages of this pass. */
  readonly totals = new Set<number>();
  /** Whether the version increased since the first page. */
  hasChanged = false;
  /** False where more changed than OpenIM reports. */
  canBeCompleted = true;
  info: GroupInfo | undefined;

  /** @param last the changes before the first page */
  constructor(public last: ChangesResult) {
    this.info = infoOf(last);
  }

  get members(): Map<string, GroupMemberInfo> {
    const members = new Map(this.listed);
    this.changed.forEach((member, userID) => (member ? members.set(userID, member) : members.delete(userID)));
    return members;
  }

  /**
   * Every user in the list was a member at some time since the first version, and no user who left is in it. So a list with as many
   * users as OpenIM counts is the group. Where nothing changed, the totals of the pages must agree too.
   */
  get isComplete(): boolean {
    const { size } = this.members;
    const agrees = this.hasChanged || (this.totals.size === 1 && this.totals.has(size));
    return this.canBeCompleted && agrees && size === this.info?.memberCount;
  }

  addPage({ total, members }: { total: number; members: GroupMemberInfo[] }): void {
    this.totals.add(total);
    members.forEach((member) => this.listed.set(member.userID, member));
  }

  addChanges(now: ChangesResult): void {
    const { last } = this;
    this.info = infoOf(now) ?? this.info;
    if (now.kind === 'changes' && last.kind === 'changes') {
      const isSame =
        now.changes.version === last.changes.version && now.changes.versionID === last.changes.versionID;
      this.hasChanged ||= !isSame;
      this.canBeCompleted &&= isSame || !now.changes.full;
      now.changes.left.forEach((userID) => this.changed.set(userID, null));
      now.changes.changed.forEach((member) => this.changed.set(member.userID, member));
    } else {
      this.canBeCompleted &&= now.kind === last.kind;
    }
    this.last = now;
  }
}
