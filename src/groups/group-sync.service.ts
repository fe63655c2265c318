import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { PoolClient } from 'pg';
import type { Delivery } from '../deliveries/delivery-log.js';
import { isConflict } from '../postgres/errors.js';
import {
  inTransaction,
  type PreparedStatement,
  runPrepared,
  withClient,
} from '../postgres/prepared-statement.js';
import type { Json } from './statements/json.js';
import { markGroupsOfUser } from './mark-groups-of-user.js';
import { CREATE_GROUP, type GroupCreation } from './statements/create-group.js';
import { STALE } from './statements/building-blocks.js';
import { DISMISS_GROUP, type GroupDismissal } from './statements/dismiss-group.js';
import { END_ABSENT_GROUP } from './statements/end-absent-group.js';
import { JOIN_GROUP, type MemberJoined } from './statements/join-group.js';
import { LEAVE_GROUP, type MembersLeft } from './statements/leave-group.js';
import {
  MARK_STALE_AFTER_FAILURE,
  MARK_GROUP_ABSENT,
  type GroupHint,
  MARK_GROUP_STALE,
  MARK_GROUP_UNREADABLE,
} from './statements/mark-group-stale.js';
import { LOG_USER_CHANGE, type UserChange } from './statements/mark-groups-of-user.js';
import { type GroupSnapshot, RECONCILE_GROUP, type Reconciled } from './statements/reconcile-group.js';
import { type GroupInfo, SET_GROUP_INFO } from './statements/set-group-info.js';
import { type MemberInfo, SET_GROUP_MEMBER_INFO } from './statements/set-group-member-info.js';
import { type OwnerTransfer, TRANSFER_GROUP_OWNER } from './statements/transfer-group-owner.js';

/** A change to one group. */
export interface GroupChange<T> {
  readonly groupID: string;
  readonly change: Json<T>;
  /** When it was received; undefined: now, by PostgreSQL's clock, so that replicas agree. */
  readonly receivedAt?: Date;
  /** What to log of it, in the same transaction. */
  readonly delivery?: Delivery;
}

/** A change of one user. */
export type UserChanged = Omit<GroupChange<UserChange>, 'groupID'>;

/** A reading of one group of OpenIM, and when it began. */
export type Reading = Required<Omit<GroupChange<GroupSnapshot>, 'delivery'>>;

/** What a write did: `applied` changed what is known, `unchanged` found everything known already or superseded. */
export type SyncOutcome = 'applied' | 'unchanged';

/**
 * How often a statement is run where another writer of the group was faster each time: first without a lock, then in a transaction
 * that locks the group's row before, so that a statement of seconds is not overtaken by those of milliseconds.
 */
const OPTIMISTIC_ATTEMPTS = 3;
const ATTEMPTS = 20;
const LOCK_GROUP: PreparedStatement = {
  name: 'lockGroup',
  text: 'SELECT FROM groups WHERE group_id = $1 FOR NO KEY UPDATE',
};

const NO_DELIVERY = Array.from({ length: 9 }, () => null);

/**
 * The only writer of groups and members. Every method is idempotent, is one statement (but for `markGroupsOfUser`) and so one transaction that
 * is committed when it resolves, and leaves alone each row that is known to be true as of a later moment; the comparison is made
 * by PostgreSQL. Each throws the driver's error when PostgreSQL cannot be reached or refuses.
 */
@Injectable()
export class GroupSyncService {
  /** The connection of the transaction that this one writes in; undefined: each statement is a transaction. */
  private client?: PoolClient;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Has several changes written in one transaction: all or none.
   * @param work gets the service that writes in it
   * @throws what the work throws; the driver's error, also where another writer was at work at the same time
   */
  async transaction(work: (groupSync: GroupSyncService) => Promise<void>): Promise<void> {
    await inTransaction(this.dataSource, (client) => {
      const groupSync = new GroupSyncService(this.dataSource);
      groupSync.client = client;
      return work(groupSync);
    });
  }

  /** A group and its first members, true as of its `createTime`, however late it comes. */
  createGroup(creation: GroupChange<GroupCreation>): Promise<SyncOutcome> {
    return this.write({ name: 'createGroup', text: CREATE_GROUP }, creation);
  }

  /** The fields of a group that are not null. */
  setGroupInfo(info: GroupChange<GroupInfo>): Promise<SyncOutcome> {
    return this.write({ name: 'setGroupInfo', text: SET_GROUP_INFO }, info);
  }

  /** The fields of a member that are not null. */
  setGroupMemberInfo(info: GroupChange<MemberInfo>): Promise<SyncOutcome> {
    return this.write({ name: 'setGroupMemberInfo', text: SET_GROUP_MEMBER_INFO }, info);
  }

  /** Users left, or were made to. */
  leaveGroup(members: GroupChange<MembersLeft>): Promise<SyncOutcome> {
    return this.write({ name: 'leaveGroup', text: LEAVE_GROUP }, members);
  }

  /** A user came in. */
  joinGroup(member: GroupChange<MemberJoined>): Promise<SyncOutcome> {
    return this.write({ name: 'joinGroup', text: JOIN_GROUP }, member);
  }

  /** The owner handed the group over. */
  transferGroupOwner(transfer: GroupChange<OwnerTransfer>): Promise<SyncOutcome> {
    return this.write({ name: 'transferGroupOwner', text: TRANSFER_GROUP_OWNER }, transfer);
  }

  /** The group exists no more; its row stays. */
  dismissGroup(dismissal: GroupChange<GroupDismissal>): Promise<SyncOutcome> {
    return this.write({ name: 'dismissGroup', text: DISMISS_GROUP }, dismissal);
  }

  /** Something happened in the group that no callback tells. */
  markGroupStale(hint: GroupChange<GroupHint>): Promise<SyncOutcome> {
    return this.write({ name: 'markGroupStale', text: MARK_GROUP_STALE }, hint);
  }

  /**
   * A user changed: each group that the user is in needs a look. The groups may be thousands, so this alone is not one transaction; the
   * delivery is logged when all groups are marked.
   */
  async markGroupsOfUser({ change, receivedAt, delivery }: UserChanged): Promise<SyncOutcome> {
    const { userID } = JSON.parse(change) as UserChange;
    const isMember = await markGroupsOfUser(
      (statement, parameters) => this.run(statement, () => unlessJournaled(delivery, parameters)),
      userID,
      receivedAt,
    );
    await this.run({ name: 'logUserChange', text: LOG_USER_CHANGE }, () =>
      sent(delivery, [userID, isMember, receivedAt]),
    );
    return isMember ? 'applied' : 'unchanged';
  }

  /** A callback that names the group was refused, or failed: if the group is known it needs a look. */
  async markStaleAfterFailure(groupID: string, outcome: 'rejected' | 'failed'): Promise<void> {
    await this.run(
      { name: 'markStaleAfterFailure', text: MARK_STALE_AFTER_FAILURE },
      () => [groupID, STALE[outcome]],
      groupID,
    );
  }

  /**
   * Makes a group what a reading of OpenIM says.
   * @param reading with `receivedAt`, the moment at which the reading began, by PostgreSQL's clock
   */
  async reconcileGroup({ groupID, change, receivedAt }: Reading): Promise<Reconciled> {
    const statement = { name: 'reconcileGroup', text: RECONCILE_GROUP };
    const [reconciled] = await this.run<Reconciled>(statement, () => [groupID, change, receivedAt], groupID);
    return reconciled!;
  }

  /** What `reconcileGroup` would do; writes nothing. */
  async compareGroup({ groupID, change, receivedAt }: Reading): Promise<Reconciled> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      const rows: Reconciled[] = await runner.query(RECONCILE_GROUP, [groupID, change, receivedAt]);
      return rows[0]!;
    } finally {
      await runner.rollbackTransaction().catch(() => undefined); // the connection is gone: so is the transaction
      await runner.release();
    }
  }

  /** OpenIM was asked, as of a moment, and does not know the group. */
  async markGroupAbsent(groupID: string, asOf: Date): Promise<void> {
    await this.run({ name: 'markGroupAbsent', text: MARK_GROUP_ABSENT }, () => [groupID, asOf], groupID);
  }

  /** OpenIM does not show the group, for a reason, though it shows others. */
  async markGroupUnreadable(groupID: string, reason: string): Promise<void> {
    const statement = { name: 'markGroupUnreadable', text: MARK_GROUP_UNREADABLE };
    await this.run(statement, () => [groupID, reason], groupID);
  }

  /**
   * Marks a group dismissed, and its members gone with it, that OpenIM does not have any more.
   * @returns false where it is not known as absent (any more)
   */
  async endAbsentGroup(groupID: string): Promise<boolean> {
    const statement = { name: 'endAbsentGroup', text: END_ABSENT_GROUP };
    const rows = await this.run(statement, () => [groupID], groupID);
    return rows.length > 0;
  }

  private async write<T>(
    statement: PreparedStatement,
    { groupID, change, receivedAt, delivery }: GroupChange<T>,
  ): Promise<SyncOutcome> {
    const [done] = await this.run<{ changed: boolean }>(
      statement,
      () => sent(delivery, [groupID, change, receivedAt]),
      groupID,
    );
    return done?.changed ? 'applied' : 'unchanged';
  }

  /**
   * @param parameters are asked for when there is a connection
   * @param groupID whose row is locked first after some conflicts
   * @throws the driver's error; that of the conflict where other writers of the group are faster each time
   */
  private async run<Row extends object>(
    statement: PreparedStatement,
    parameters: () => unknown[],
    groupID?: string,
  ): Promise<Row[]> {
    const work = (client: PoolClient): Promise<Row[]> => {
      const values = parameters();
      this.dataSource.logger.logQuery(statement.text, values);
      return runPrepared<Row>(client, statement, values);
    };
    if (this.client) {
      return work(this.client); // a conflict ends its transaction
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await (attempt <= OPTIMISTIC_ATTEMPTS || groupID === undefined
          ? withClient(this.dataSource, work)
          : inTransaction(this.dataSource, async (client) => {
              await runPrepared(client, LOCK_GROUP, [groupID]);
              return work(client);
            }));
      } catch (error) {
        if (!isConflict(error) || attempt === ATTEMPTS) {
          throw error;
        }
      }
    }
  }
}

/** @throws Error where the journal has the callback: it is applied from there */
function unlessJournaled(delivery: Delivery | undefined, parameters: unknown[]): unknown[] {
  if (delivery?.isJournaled) {
    throw new Error('The journal has taken the callback meanwhile');
  }
  return parameters;
}

/** The parameters of the statement that logs the delivery: from now on PostgreSQL may have it. */
function sent(delivery: Delivery | undefined, parameters: unknown[]): unknown[] {
  unlessJournaled(delivery, parameters);
  if (delivery) {
    delivery.isSent = true;
  }
  return [...parameters, ...(delivery?.parameters() ?? NO_DELIVERY)];
}
