import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One user in one group. The row of a member who left stays, with `leftAt`.
 * There is no foreign key to the group: callbacks arrive in any order, so a member may be known before the group.
 */
@Entity('group_members', {
  comment: 'Members of groups. A member who left keeps the row: current members have left_at IS NULL.',
})
@Index('group_members_role_level_idx', ['groupID', 'roleLevel', 'userID'], { where: 'left_at IS NULL' })
@Index('group_members_user_id_idx', ['userID', 'groupID'], { where: 'left_at IS NULL' })
export class GroupMember {
  @PrimaryColumn('text', {
    name: 'group_id',
    collation: 'C',
    primaryKeyConstraintName: 'group_members_pkey',
    comment: 'groupID of OpenIM.',
  })
  groupID!: string;

  @PrimaryColumn('text', {
    name: 'user_id',
    collation: 'C',
    primaryKeyConstraintName: 'group_members_pkey',
    comment: 'userID of OpenIM.',
  })
  userID!: string;

  @Column('integer', {
    name: 'role_level',
    comment: '100 owner, 60 admin, 20 ordinary member, 0 not reported yet.',
  })
  roleLevel!: number;

  @Column('timestamptz', {
    name: 'left_at',
    nullable: true,
    comment: 'When the member left; NULL: is in the group.',
  })
  leftAt!: Date | null;

  @Column('text', {
    name: 'left_cause',
    nullable: true,
    comment:
      'Why the member left: quit, kicked or dismissed (with the group); NULL: no callback reported it.',
  })
  leftCause!: string | null;

  @Column('text', {
    name: 'left_reason',
    nullable: true,
    comment: 'Reason that the user gave who removed the member.',
  })
  leftReason!: string | null;

  @Column('text', { nullable: true, comment: 'Name of the member in this group; NULL: not reported.' })
  nickname!: string | null;

  @Column('text', {
    name: 'face_url',
    nullable: true,
    comment: "URL of the member's picture in this group; NULL: not reported.",
  })
  faceURL!: string | null;

  @Column('text', { nullable: true, comment: 'Extra data of the application; NULL: not reported.' })
  ex!: string | null;

  @Column('integer', {
    name: 'join_source',
    nullable: true,
    comment:
      'How the member joined: 0 directly, 1 by an admin, 2 invited, 3 by search, 4 by QR code; NULL: not reported.',
  })
  joinSource!: number | null;

  @Column('text', {
    name: 'inviter_user_id',
    nullable: true,
    comment: 'userID of the inviter; NULL: not reported.',
  })
  inviterUserID!: string | null;

  @Column('timestamptz', {
    name: 'join_time',
    nullable: true,
    comment: 'When the member joined; NULL until a snapshot reports it, callbacks do not.',
  })
  joinTime!: Date | null;

  @Column('timestamptz', {
    name: 'mute_end_time',
    nullable: true,
    comment: 'End of the mute, 1970 for never muted; NULL until a snapshot reports it, callbacks do not.',
  })
  muteEndTime!: Date | null;

  @Column('timestamptz', {
    name: 'valid_from',
    comment: 'Since when the user is a member with this role; of one who left, was.',
  })
  validFrom!: Date;

  @Column('timestamptz', {
    name: 'as_of',
    comment: 'Time as of which the row is true. A write as of an earlier time changes nothing.',
  })
  asOf!: Date;

  @Column('timestamptz', { name: 'synced_at', comment: 'When the row was last written.' })
  syncedAt!: Date;
}
