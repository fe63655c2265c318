import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';

/** A group at its birth. */
export interface GroupCreation {
  groupID: string;
  groupName: string;
  notification: string;
  introduction: string;
  faceURL: string;
  ownerUserID: string;
  createTime: Date;
  memberCount: number;
  ex: string;
  status: number;
  creatorUserID: string;
  groupType: number;
  needVerification: number;
  lookMemberInfo: number;
  applyMemberFriend: number;
  notificationUpdateTime: Date;
  notificationUserID: string;
  /** JSON text of `[{ userID, roleLevel }]`, each user once: one parameter for PostgreSQL however many there are. */
  members: string;
}

/** What a write did: `applied` changed rows, `unchanged` found everything there already or superseded. */
export type SyncOutcome = 'applied' | 'unchanged';

/**
 * The only writer of groups and members. Every method is idempotent, is one transaction, and leaves alone each row that is
 * known to be true as of a later moment; the comparison is made by PostgreSQL, under the row's lock.
 */
@Injectable()
export class GroupSyncService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Writes a group and its first members, true as of the group's `createTime` or now if that lies in the future.
   * One statement and so one round trip and one transaction; it resolves after the commit.
   * @throws the driver's error when PostgreSQL cannot be reached or refuses
   */
  async createGroup(creation: GroupCreation): Promise<SyncOutcome> {
    const [written] = await this.dataSource.query<{ rows: number }[]>(CREATE_GROUP, [
      creation.groupID,
      creation.groupName,
      creation.notification,
      creation.introduction,
      creation.faceURL,
      creation.ownerUserID,
      creation.createTime,
      creation.memberCount,
      creation.ex,
      creation.status,
      creation.creatorUserID,
      creation.groupType,
      creation.needVerification,
      creation.lookMemberInfo,
      creation.applyMemberFriend,
      creation.notificationUpdateTime,
      creation.notificationUserID,
      creation.members,
    ]);
    return written && written.rows > 0 ? 'applied' : 'unchanged';
  }
}

/** The columns of a group that a creation tells, after its key; in the order of the parameters from $2 on. */
const TOLD = [
  'group_name',
  'notification',
  'introduction',
  'face_url',
  'owner_user_id',
  'create_time',
  'member_count',
  'ex',
  'status',
  'creator_user_id',
  'group_type',
  'need_verification',
  'look_member_info',
  'apply_member_friend',
  'notification_update_time',
  'notification_user_id',
];

/**
 * The group first, then its members in the order of their key: writers of one group wait for each other at its row and
 * cannot deadlock. The members read from `written_group`, so PostgreSQL cannot swap the two.
 * A row that says the same already is not written again: a repeated callback costs no new row versions.
 */
const CREATE_GROUP = `
  WITH written_group AS (
    INSERT INTO groups AS g (group_id, ${TOLD.join(', ')}, as_of, synced_at)
    VALUES ($1, ${TOLD.map((_, index) => `$${index + 2}`).join(', ')}, least($7::timestamptz, now()), now())
    ON CONFLICT (group_id) DO UPDATE SET
      ${TOLD.map((column) => `${column} = excluded.${column}`).join(', ')},
      as_of = excluded.as_of,
      synced_at = excluded.synced_at
    WHERE g.as_of <= excluded.as_of
      AND (${TOLD.map((column) => `g.${column}`).join(', ')})
        IS DISTINCT FROM (${TOLD.map((column) => `excluded.${column}`).join(', ')})
    RETURNING 1
  ),
  group_done AS (SELECT count(*) AS rows FROM written_group),
  written_members AS (
    INSERT INTO group_members AS m (group_id, user_id, role_level, as_of, synced_at)
    SELECT $1, listed."userID", listed."roleLevel", least($7::timestamptz, now()), now()
    FROM group_done, json_to_recordset($18::json) AS listed("userID" text, "roleLevel" integer)
    ORDER BY listed."userID" COLLATE "C"
    ON CONFLICT (group_id, user_id) DO UPDATE SET
      role_level = excluded.role_level,
      left_at = NULL,
      as_of = excluded.as_of,
      synced_at = excluded.synced_at
    WHERE m.as_of <= excluded.as_of
      AND (m.role_level, m.left_at) IS DISTINCT FROM (excluded.role_level, NULL::timestamptz)
    RETURNING 1
  )
  SELECT ((SELECT rows FROM group_done) + (SELECT count(*) FROM written_members))::integer AS rows`;
