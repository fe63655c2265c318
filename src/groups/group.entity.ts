import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

// node-postgres returns int8 as text; a uint32 fits a JavaScript number.
const uint32 = { from: Number, to: (value: number) => value };

/**
 * A group of OpenIM. Its own fields have the names and types of OpenIM's GroupInfo (protocol/sdkws, GroupInfo); a field is null until
 * a callback or a snapshot reports it. The row of a dismissed group stays, with status 2.
 * Keys have the collation "C": an upgrade of the operating system's locale cannot reorder their indexes.
 */
@Entity('groups', { comment: 'The groups of OpenIM. A dismissed group keeps its row, with status 2.' })
@Index('groups_create_time_idx', ['createTime', 'groupID'])
@Index('groups_owner_user_id_idx', ['ownerUserID', 'createTime', 'groupID'])
@Index('groups_creator_user_id_idx', ['creatorUserID', 'createTime', 'groupID'])
@Index('groups_status_idx', ['status', 'createTime', 'groupID'], { where: 'status <> 0' })
@Index('groups_group_type_idx', ['groupType', 'createTime', 'groupID'], { where: 'group_type <> 2' })
@Index('groups_stale_idx', ['createTime', 'groupID'], { where: 'stale_since IS NOT NULL' })
@Index('groups_unverified_idx', ['createTime', 'groupID'], { where: 'verified_at IS NULL' })
@Index('groups_full_snapshot_at_idx', ['fullSnapshotAt', 'groupID'], {
  where: 'full_snapshot_at IS NOT NULL AND members_removed_at IS NULL',
})
// GIN over trigrams; TypeORM cannot express it, the migration creates it.
@Index('groups_group_name_idx', { synchronize: false })
export class Group {
  @PrimaryColumn('text', {
    name: 'group_id',
    collation: 'C',
    primaryKeyConstraintName: 'groups_pkey',
    comment: 'groupID of OpenIM.',
  })
  groupID!: string;

  @Column('text', { name: 'group_name', nullable: true, comment: 'Name of the group.' })
  groupName!: string | null;

  @Column('text', { nullable: true, comment: 'Announcement of the group.' })
  notification!: string | null;

  @Column('text', { nullable: true, comment: 'Introduction of the group.' })
  introduction!: string | null;

  @Column('text', { name: 'face_url', nullable: true, comment: "URL of the group's picture." })
  faceURL!: string | null;

  @Column({
    type: 'text',
    name: 'owner_user_id',
    collation: 'C',
    nullable: true,
    comment: 'userID of the owner.',
  })
  ownerUserID!: string | null;

  @Column('timestamptz', {
    name: 'create_time',
    comment:
      'When OpenIM created the group; while created_as_of is NULL: when the first callback named the group.',
  })
  createTime!: Date;

  @Column('bigint', {
    name: 'member_count',
    transformer: uint32,
    comment: "OpenIM's number of members at the creation, moved by each change since.",
  })
  memberCount!: number;

  @Column('text', { nullable: true, comment: 'Extra data of the application.' })
  ex!: string | null;

  @Column('integer', { nullable: true, comment: '0 normal, 1 banned, 2 dismissed, 3 muted.' })
  status!: number | null;

  @Column({
    type: 'text',
    name: 'creator_user_id',
    collation: 'C',
    nullable: true,
    comment: 'userID of the creator.',
  })
  creatorUserID!: string | null;

  @Column('integer', {
    name: 'group_type',
    nullable: true,
    comment: '2 for every group of OpenIM 3.x.',
  })
  groupType!: number | null;

  @Column('integer', {
    name: 'need_verification',
    nullable: true,
    comment: '0 applications need approval, 1 invitations too, 2 users join directly.',
  })
  needVerification!: number | null;

  @Column('integer', {
    name: 'look_member_info',
    nullable: true,
    comment: 'Whether members see the profiles of other members: 0 allowed, 1 not allowed.',
  })
  lookMemberInfo!: number | null;

  @Column('integer', {
    name: 'apply_member_friend',
    nullable: true,
    comment: 'Whether members add each other as friends: 0 allowed, 1 not allowed.',
  })
  applyMemberFriend!: number | null;

  @Column('timestamptz', {
    name: 'notification_update_time',
    nullable: true,
    comment: 'When the announcement last changed; 1970 for never.',
  })
  notificationUpdateTime!: Date | null;

  @Column('text', { name: 'notification_user_id', nullable: true, comment: 'userID of who changed it last.' })
  notificationUserID!: string | null;

  @Column('timestamptz', {
    name: 'as_of',
    comment: 'Time as of which the fields are true. A write as of an earlier time overwrites none.',
  })
  asOf!: Date;

  @Column('timestamptz', {
    name: 'created_as_of',
    nullable: true,
    comment:
      'Time as of which the creation is true; NULL while neither the creation nor a snapshot was received.',
  })
  createdAsOf!: Date | null;

  @Column('timestamptz', {
    name: 'members_removed_at',
    nullable: true,
    comment: 'When the members were deleted together with the group.',
  })
  membersRemovedAt!: Date | null;

  @Column('timestamptz', {
    name: 'stale_since',
    nullable: true,
    comment: 'Since when the group needs reconciling with OpenIM; NULL: it does not.',
  })
  staleSince!: Date | null;

  @Column('text', { name: 'stale_reason', nullable: true, comment: 'Why the group needs reconciling.' })
  staleReason!: string | null;

  @Column('timestamptz', {
    name: 'last_callback_at',
    nullable: true,
    comment: 'When a callback last wrote the group or a member of it.',
  })
  lastCallbackAt!: Date | null;

  @Column('timestamptz', {
    name: 'verified_at',
    nullable: true,
    comment: 'Start of the last snapshot that the group was made equal to; NULL: never.',
  })
  verifiedAt!: Date | null;

  @Column('timestamptz', {
    name: 'full_snapshot_at',
    nullable: true,
    comment: 'Start of the last snapshot of all members, whether it was believed or not.',
  })
  fullSnapshotAt!: Date | null;

  @Column('text', {
    name: 'version_id',
    nullable: true,
    comment: "Id of OpenIM's version log of the group at verified_at; NULL: there is none.",
  })
  versionID!: string | null;

  @Column('bigint', { nullable: true, comment: 'Version of the group in that version log.' })
  version!: string | null;

  @Column('timestamptz', { name: 'synced_at', comment: 'When the row was last written.' })
  syncedAt!: Date;

  @Column('bigint', {
    default: 0,
    comment: 'Number of the last change of the group and its members: group_changes has it. 0: none.',
  })
  revision!: string;

  @Column('timestamptz', {
    name: 'known_since',
    nullable: true,
    comment: 'Since when its members are known at any moment; NULL: they are not.',
  })
  knownSince!: Date | null;
}
