import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * What was found: a group that was not known, though it was created when the mirror was filled already (`group`), or before
 * (`filled`); other fields (`info`), another status (`status`, `dismissed`) or owner
 * (`owner`) than was known; members who had come (`joined`) or gone (`left`); other roles (`role`) or other facts of members
 * (`member`).
 */
export const REPAIR_KINDS = [
  'filled',
  'group',
  'info',
  'status',
  'dismissed',
  'owner',
  'joined',
  'left',
  'role',
  'member',
] as const;
export type RepairKind = (typeof REPAIR_KINDS)[number];

/** Something that a reading of OpenIM found of a group and that was not known: what reconciliation repaired. */
@Entity('group_repairs')
@Index('group_repairs_group_id_idx', ['groupID', 'foundAt', 'id'])
@Index('group_repairs_found_at_idx', ['foundAt'])
export class GroupRepair {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'group_repairs_pkey' })
  id!: string;

  @Column({ type: 'text', name: 'group_id', collation: 'C' })
  groupID!: string;

  /** By PostgreSQL's clock, to the ms. */
  @Column('timestamptz', { name: 'found_at' })
  foundAt!: Date;

  @Column('text')
  kind!: RepairKind;

  /** How many differences. */
  @Column('integer')
  changes!: number;

  /** How many callbacks were lost, at least: one may name many members. OpenIM is silent about other differences. */
  @Column('integer')
  missed!: number;

  /** In words for staff. */
  @Column('text')
  summary!: string;

  /** Some of the users whom the missed callbacks would have named; null: they would have named none. */
  @Column('text', { name: 'user_ids', array: true, nullable: true })
  userIDs!: string[] | null;
}
