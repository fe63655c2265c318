import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * One user in one group. The row of a member who left stays, with `leftAt`.
 * There is no foreign key to the group: callbacks come in any order, so a member may be known before the group.
 */
@Entity('group_members')
@Index('group_members_role_level_idx', ['groupID', 'roleLevel', 'userID'], { where: 'left_at IS NULL' })
@Index('group_members_user_id_idx', ['userID', 'groupID'], { where: 'left_at IS NULL' })
export class GroupMember {
  @PrimaryColumn('text', { name: 'group_id', collation: 'C', primaryKeyConstraintName: 'group_members_pkey' })
  groupID!: string;

  @PrimaryColumn('text', { name: 'user_id', collation: 'C', primaryKeyConstraintName: 'group_members_pkey' })
  userID!: string;

  /** 100 owner, 60 admin, 20 ordinary, 0 not told yet. */
  @Column('integer', { name: 'role_level' })
  roleLevel!: number;

  /** When the member left; null while in the group. */
  @Column('timestamptz', { name: 'left_at', nullable: true })
  leftAt!: Date | null;

  /** How: `quit`, `kicked`, or `dismissed` with the group; null where no callback told. */
  @Column('text', { name: 'left_how', nullable: true })
  leftHow!: string | null;

  /** The words of who kicked the member. */
  @Column('text', { name: 'left_reason', nullable: true })
  leftReason!: string | null;

  /** What the member is called in this group; null: not told. */
  @Column('text', { nullable: true })
  nickname!: string | null;

  /** The URL of the member's picture in this group; null: not told. */
  @Column('text', { name: 'face_url', nullable: true })
  faceURL!: string | null;

  /** Extra data of the application; null: not told. */
  @Column('text', { nullable: true })
  ex!: string | null;

  /** 2 invited, 3 by search, 4 by QR code, 0 directly; null: not told. */
  @Column('integer', { name: 'join_source', nullable: true })
  joinSource!: number | null;

  /** Who invited the member; null: not told. */
  @Column('text', { name: 'inviter_user_id', nullable: true })
  inviterUserID!: string | null;

  /** When the member came in; null: not told, callbacks do not tell it. */
  @Column('timestamptz', { name: 'join_time', nullable: true })
  joinTime!: Date | null;

  /** Until when the member may not write, 1970 for never muted; null: not told, callbacks do not tell it. */
  @Column('timestamptz', { name: 'mute_end_time', nullable: true })
  muteEndTime!: Date | null;

  /** The moment that the row's facts are true for; a write with an earlier one changes nothing. */
  @Column('timestamptz', { name: 'as_of' })
  asOf!: Date;

  /** When the row was last written. */
  @Column('timestamptz', { name: 'synced_at' })
  syncedAt!: Date;
}
