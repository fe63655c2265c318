import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

// pg gives int8 as text; a uint32 fits a JavaScript number.
const uint32 = { from: Number, to: (value: number) => value };

/**
 * A group as OpenIM told it. The fields are those of OpenIM's GroupInfo (protocol/sdkws, GroupInfo) under their own names.
 * A field is null until it is told: callbacks come in any order, and only the creation tells all of them.
 * The row of a dismissed group stays, with status 2. Keys collate as bytes, so that no change of an operating system's locale
 * reorders an index.
 */
@Entity('groups')
@Index('groups_create_time_idx', ['createTime', 'groupID'])
@Index('groups_owner_user_id_idx', ['ownerUserID', 'createTime', 'groupID'])
@Index('groups_creator_user_id_idx', ['creatorUserID', 'createTime', 'groupID'])
@Index('groups_status_idx', ['status', 'createTime', 'groupID'])
@Index('groups_group_type_idx', ['groupType', 'createTime', 'groupID'])
@Index('groups_stale_idx', ['createTime', 'groupID'], { where: 'stale_since IS NOT NULL' })
@Index('groups_unverified_idx', ['createTime', 'groupID'], { where: 'verified_at IS NULL' })
@Index('groups_read_whole_at_idx', ['readWholeAt', 'groupID'], {
  where: 'read_whole_at IS NOT NULL AND (status IS DISTINCT FROM 2 OR member_count > 0)',
})
@Index('groups_group_name_idx', { synchronize: false }) // GIN over trigrams: TypeORM cannot say it, the migration does
export class Group {
  @PrimaryColumn('text', { name: 'group_id', collation: 'C', primaryKeyConstraintName: 'groups_pkey' })
  groupID!: string;

  @Column('text', { name: 'group_name', nullable: true })
  groupName!: string | null;

  @Column('text', { nullable: true })
  notification!: string | null;

  @Column('text', { nullable: true })
  introduction!: string | null;

  @Column('text', { name: 'face_url', nullable: true })
  faceURL!: string | null;

  @Column({ type: 'text', name: 'owner_user_id', collation: 'C', nullable: true })
  ownerUserID!: string | null;

  @Column('timestamptz', { name: 'create_time' })
  createTime!: Date;

  @Column('bigint', { name: 'member_count', transformer: uint32 })
  memberCount!: number;

  @Column('text', { nullable: true })
  ex!: string | null;

  @Column('integer', { nullable: true })
  status!: number | null;

  @Column({ type: 'text', name: 'creator_user_id', collation: 'C', nullable: true })
  creatorUserID!: string | null;

  @Column('integer', { name: 'group_type', nullable: true })
  groupType!: number | null;

  @Column('integer', { name: 'need_verification', nullable: true })
  needVerification!: number | null;

  @Column('integer', { name: 'look_member_info', nullable: true })
  lookMemberInfo!: number | null;

  @Column('integer', { name: 'apply_member_friend', nullable: true })
  applyMemberFriend!: number | null;

  @Column('timestamptz', { name: 'notification_update_time', nullable: true })
  notificationUpdateTime!: Date | null;

  @Column('text', { name: 'notification_user_id', nullable: true })
  notificationUserID!: string | null;

  /** The moment that the group's own fields are true for; a write with an earlier one changes none that is told. */
  @Column('timestamptz', { name: 'as_of' })
  asOf!: Date;

  /**
   * The moment that its creation is true for; null while none was received: then `createTime` is when it was first heard of.
   */
  @Column('timestamptz', { name: 'born_as_of', nullable: true })
  bornAsOf!: Date | null;

  /** When its members were deleted together with it. */
  @Column('timestamptz', { name: 'emptied_at', nullable: true })
  emptiedAt!: Date | null;

  /** Since when the callbacks cannot tell the whole truth; null: they can. */
  @Column('timestamptz', { name: 'stale_since', nullable: true })
  staleSince!: Date | null;

  /** Why not. */
  @Column('text', { name: 'stale_reason', nullable: true })
  staleReason!: string | null;

  /** When a callback last wrote something of the group, by PostgreSQL's clock. */
  @Column('timestamptz', { name: 'told_at', nullable: true })
  toldAt!: Date | null;

  /** The start of the last reading of OpenIM that the whole group was made equal to; null: never. */
  @Column('timestamptz', { name: 'verified_at', nullable: true })
  verifiedAt!: Date | null;

  /** The start of the last reading of all of its members, believed or not. */
  @Column('timestamptz', { name: 'read_whole_at', nullable: true })
  readWholeAt!: Date | null;

  /** The id of OpenIM's version log of the group as of then; null: there is none, or it was never read. */
  @Column('text', { name: 'version_id', nullable: true })
  versionID!: string | null;

  /** The version in that log. */
  @Column('bigint', { nullable: true })
  version!: string | null;

  /** When the row was last written. */
  @Column('timestamptz', { name: 'synced_at' })
  syncedAt!: Date;
}
