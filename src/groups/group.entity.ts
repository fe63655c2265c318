import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

// pg gives int8 as text; a uint32 fits a JavaScript number.
const uint32 = { from: Number, to: (value: number) => value };

/**
 * A group as OpenIM told it. The fields are those of OpenIM's GroupInfo (protocol/sdkws, GroupInfo) under their own names.
 * The row of a dismissed group stays, with status 2. Keys collate as bytes, so that no change of an operating system's locale reorders an index.
 */
@Entity('groups')
@Index('groups_create_time_idx', ['createTime', 'groupID'])
@Index('groups_owner_user_id_idx', ['ownerUserID', 'createTime', 'groupID'])
@Index('groups_creator_user_id_idx', ['creatorUserID', 'createTime', 'groupID'])
@Index('groups_status_idx', ['status', 'createTime', 'groupID'])
@Index('groups_group_type_idx', ['groupType', 'createTime', 'groupID'])
@Index('groups_group_name_idx', { synchronize: false }) // GIN over trigrams: TypeORM cannot say it, the migration does
export class Group {
  @PrimaryColumn('text', { name: 'group_id', collation: 'C', primaryKeyConstraintName: 'groups_pkey' })
  groupID!: string;

  @Column('text', { name: 'group_name' })
  groupName!: string;

  @Column('text')
  notification!: string;

  @Column('text')
  introduction!: string;

  @Column('text', { name: 'face_url' })
  faceURL!: string;

  @Column({ type: 'text', name: 'owner_user_id', collation: 'C' })
  ownerUserID!: string;

  @Column('timestamptz', { name: 'create_time' })
  createTime!: Date;

  @Column('bigint', { name: 'member_count', transformer: uint32 })
  memberCount!: number;

  @Column('text')
  ex!: string;

  @Column('integer')
  status!: number;

  @Column({ type: 'text', name: 'creator_user_id', collation: 'C' })
  creatorUserID!: string;

  @Column('integer', { name: 'group_type' })
  groupType!: number;

  @Column('integer', { name: 'need_verification' })
  needVerification!: number;

  @Column('integer', { name: 'look_member_info' })
  lookMemberInfo!: number;

  @Column('integer', { name: 'apply_member_friend' })
  applyMemberFriend!: number;

  @Column('timestamptz', { name: 'notification_update_time' })
  notificationUpdateTime!: Date;

  @Column('text', { name: 'notification_user_id' })
  notificationUserID!: string;

  /** The moment that the row's facts are true for; a write with an earlier one changes nothing. */
  @Column('timestamptz', { name: 'as_of' })
  asOf!: Date;

  /** When the row was last written. */
  @Column('timestamptz', { name: 'synced_at' })
  syncedAt!: Date;
}
