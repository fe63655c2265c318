import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * A time during which a user was a member with one role, and which has ended. The last period of each member, which has not ended, is the row
 * of the member (`valid_from`).
 */
@Entity('group_member_periods', {
  comment: 'Past memberships: one row for each time that a user left or got another role.',
})
@Index('group_member_periods_user_id_idx', ['userID', 'groupID', 'validFrom'])
export class MemberPeriod {
  @PrimaryColumn('text', {
    name: 'group_id',
    collation: 'C',
    primaryKeyConstraintName: 'group_member_periods_pkey',
    comment: 'groupID of OpenIM.',
  })
  groupID!: string;

  @PrimaryColumn('text', {
    name: 'user_id',
    collation: 'C',
    primaryKeyConstraintName: 'group_member_periods_pkey',
    comment: 'userID of OpenIM.',
  })
  userID!: string;

  @PrimaryColumn('timestamptz', {
    name: 'valid_from',
    primaryKeyConstraintName: 'group_member_periods_pkey',
    comment: 'Since when the user was a member with this role.',
  })
  validFrom!: Date;

  @Column('timestamptz', { name: 'valid_to', comment: 'Until when, exclusively.' })
  validTo!: Date;

  @Column('integer', { name: 'role_level', comment: '100 owner, 60 admin, 20 ordinary member.' })
  roleLevel!: number;

  @Column('text', {
    nullable: true,
    comment:
      'How it ended: role (another role), quit, kicked or dismissed; NULL: left, no callback reported it.',
  })
  how!: string | null;
}
