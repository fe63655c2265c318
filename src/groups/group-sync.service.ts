import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ChangeSignal } from '../changes/change-signal.js';
import type { PreparedStatement } from '../postgres/prepared-statement.js';
import type { GroupChange, SnapshotChange, SyncOutcome, UserChanged } from './group-change.js';
import { unlessJournaled, withDelivery } from './delivery-parameters.js';
import { markGroupsOfUser } from './mark-groups-of-user.js';
import { StatementRunner } from './statement-runner.js';
import { CREATE_GROUP, type GroupCreation } from './statements/create-group.js';
import { CREATE_NEW_GROUP } from './statements/create-new-group.js';
import { DISMISS_GROUP, type GroupDismissal } from './statements/dismiss-group.js';
import { END_ABSENT_GROUP } from './statements/end-absent-group.js';
import { JOIN_GROUP, type MemberJoined } from './statements/join-group.js';
import { LEAVE_AS_MEMBER } from './statements/leave-as-member.js';
import { LEAVE_GROUP, type MembersLeft } from './statements/leave-group.js';
import {
  type GroupHint,
  MARK_GROUP_ABSENT,
  MARK_GROUP_STALE,
  MARK_GROUP_UNREADABLE,
  MARK_STALE_AFTER_FAILURE,
} from './statements/mark-group-stale.js';
import { LOG_USER_CHANGE, type UserChange } from './statements/mark-groups-of-user.js';
import { RECONCILE_GROUP, type Reconciled } from './statements/reconcile-group.js';
import { RECONCILE_NEW_GROUP } from './statements/reconcile-new-group.js';
import { type GroupInfoPatch, SET_GROUP_INFO } from './statements/set-group-info.js';
import { type MemberInfoPatch, SET_GROUP_MEMBER_INFO } from './statements/set-group-member-info.js';
import { SET_KNOWN_GROUP_INFO } from './statements/set-known-group-info.js';
import { STALE } from './statements/stale.js';
import { type OwnerTransfer, TRANSFER_GROUP_OWNER } from './statements/transfer-group-owner.js';

/**
 * Writes groups and members; nothing else does. Each method is idempotent and (but for `markGroupsOfUser`) one statement, so one
 * transaction, which is committed when the promise resolves. A row that is true as of later stays; PostgreSQL compares. Each method throws
 * the driver's error where PostgreSQL cannot be reached or refuses the statement.
 */
@Injectable()
export class GroupSyncService {
  private runner: StatementRunner;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly signal: ChangeSignal,
  ) {
    this.runner = new StatementRunner(dataSource);
  }

  /**
   * Writes several changes in one transaction: all or none.
   * @param work gets the service that writes in the transaction
   * @throws the error of the work; the driver's error, also for a conflict with another writer
   */
  async transaction(work: (groupSync: GroupSyncService) => Promise<void>): Promise<void> {
    await this.runner.inTransaction((runner) => {
      const groupSync = new GroupSyncService(this.dataSource, new ChangeSignal());
      groupSync.runner = runner;
      return work(groupSync);
    });
    this.signal.emit();
  }

  /** Writes a group and its first members, true as of its `createTime`. */
  createGroup(creation: GroupChange<GroupCreation>): Promise<SyncOutcome> {
    return this.write(creation, CREATE_NEW_GROUP, CREATE_GROUP);
  }

  /** Sets the fields of a group that are not null. */
  setGroupInfo(patch: GroupChange<GroupInfoPatch>): Promise<SyncOutcome> {
    return this.write(patch, SET_KNOWN_GROUP_INFO, SET_GROUP_INFO);
  }

  /** Sets the fields of a member that are not null. */
  setGroupMemberInfo(patch: GroupChange<MemberInfoPatch>): Promise<SyncOutcome> {
    return this.write(patch, SET_GROUP_MEMBER_INFO);
  }

  /** Ends the memberships of users who quit or were kicked. */
  leaveGroup(members: GroupChange<MembersLeft>): Promise<SyncOutcome> {
    return this.write(members, LEAVE_AS_MEMBER, LEAVE_GROUP);
  }

  /** Adds a member. */
  joinGroup(member: GroupChange<MemberJoined>): Promise<SyncOutcome> {
    return this.write(member, JOIN_GROUP);
  }

  /** Transfers a group to another owner. */
  transferGroupOwner(transfer: GroupChange<OwnerTransfer>): Promise<SyncOutcome> {
    return this.write(transfer, TRANSFER_GROUP_OWNER);
  }

  /** Marks a group dismissed; its row stays. */
  dismissGroup(dismissal: GroupChange<GroupDismissal>): Promise<SyncOutcome> {
    return this.write(dismissal, DISMISS_GROUP);
  }

  /** Marks a group stale for a change that the callback does not report. */
  markGroupStale(hint: GroupChange<GroupHint>): Promise<SyncOutcome> {
    return this.write(hint, MARK_GROUP_STALE);
  }

  /**
   * Marks each group of a changed user stale. A user may be in thousands of groups, so this alone is not one transaction; it logs the
   * delivery when all groups are marked.
   */
  async markGroupsOfUser({ change, receivedAt, delivery }: UserChanged): Promise<SyncOutcome> {
    const { userID } = JSON.parse(change) as UserChange;
    const isMember = await markGroupsOfUser(
      (statement, parameters) => this.runner.run(statement, () => unlessJournaled(delivery, parameters)),
      userID,
      receivedAt,
    );
    await this.runner.run(LOG_USER_CHANGE, () => withDelivery(delivery, [userID, isMember, receivedAt]));
    return isMember ? 'applied' : 'unchanged';
  }

  /** Marks a group stale, if it is known: a callback that names it was rejected or failed. */
  async markStaleAfterFailure(groupID: string, outcome: 'rejected' | 'failed'): Promise<void> {
    await this.runner.run(MARK_STALE_AFTER_FAILURE, () => [groupID, STALE[outcome]], groupID);
  }

  /** Makes the rows of a group equal to a snapshot. */
  async reconcileGroup({ groupID, change, receivedAt, runID }: SnapshotChange): Promise<Reconciled> {
    const reconciled = await this.runner.runFirst<Reconciled>(
      [RECONCILE_NEW_GROUP, RECONCILE_GROUP],
      () => [groupID, change, receivedAt, runID],
      groupID,
    );
    if (reconciled!.differing > 0) {
      this.signal.emit();
    }
    return reconciled!;
  }

  /** Reports what `reconcileGroup` would do; writes nothing. */
  async compareGroup({ groupID, change, receivedAt }: SnapshotChange): Promise<Reconciled> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const rows: Reconciled[] = await runner.query(RECONCILE_GROUP.text, [
        groupID,
        change,
        receivedAt,
        null,
      ]);
      return rows[0]!;
    } finally {
      await runner.rollbackTransaction().catch(() => undefined); // a lost connection has ended the transaction
      await runner.release();
    }
  }

  /** Marks a group absent: OpenIM, asked as of a time, does not have it. */
  async markGroupAbsent(groupID: string, asOf: Date): Promise<void> {
    await this.runner.run(MARK_GROUP_ABSENT, () => [groupID, asOf], groupID);
  }

  /** Marks a group unreadable: OpenIM does not show it, for a reason, though it shows others. */
  async markGroupUnreadable(groupID: string, reason: string): Promise<void> {
    await this.runner.run(MARK_GROUP_UNREADABLE, () => [groupID, reason], groupID);
  }

  /**
   * Marks a group dismissed, and ends its memberships, where OpenIM does not have it.
   * @returns false where the group is not marked absent
   */
  async endAbsentGroup(groupID: string): Promise<boolean> {
    const rows = await this.runner.run(END_ABSENT_GROUP, () => [groupID], groupID);
    if (rows.length > 0) {
      this.signal.emit();
    }
    return rows.length > 0;
  }

  private async write<T>(
    { groupID, change, receivedAt, delivery }: GroupChange<T>,
    ...statements: PreparedStatement[]
  ): Promise<SyncOutcome> {
    const done = await this.runner.runFirst<{ changed: boolean }>(
      statements,
      () => withDelivery(delivery, [groupID, change, receivedAt]),
      groupID,
    );
    if (done?.changed) {
      this.signal.emit();
    }
    return done?.changed ? 'applied' : 'unchanged';
  }
}
