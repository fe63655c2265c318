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

  /** 100 owner, 60 admin, 20 ordinary. */
  @Column('integer', { name: 'role_level' })
  roleLevel!: number;

  /** When the member left; null while in the group. */
  @Column('timestamptz', { name: 'left_at', nullable: true })
  leftAt!: Date | null;

  /** The moment that the row's facts are true for; a write with an earlier one changes nothing. */
  @Column('timestamptz', { name: 'as_of' })
  asOf!: Date;

  /** When the row was last written. */
  @Column('timestamptz', { name: 'synced_at' })
  syncedAt!: Date;
}
