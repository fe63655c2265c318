import {
  Column,
  Entity,
  JoinColumn,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  UpdateDateColumn,
} from 'typeorm';

/** A group with its members, which are saved with it. */
@Entity('groups')
export class Group {
  @PrimaryColumn({ name: 'group_id', type: 'text' })
  groupID!: string;

  @Column({ name: 'group_name', type: 'text' })
  groupName!: string;

  @Column('text')
  notification!: string;

  @Column('text')
  introduction!: string;

  @Column({ name: 'face_url', type: 'text' })
  faceURL!: string;

  @Column({ name: 'owner_user_id', type: 'text' })
  ownerUserID!: string;

  @Column({ name: 'create_time', type: 'bigint' })
  createTime!: number;

  @Column({ name: 'member_count' })
  memberCount!: number;

  @Column('text')
  ex!: string;

  @Column()
  status!: number;

  @Column({ name: 'creator_user_id', type: 'text' })
  creatorUserID!: string;

  @Column({ name: 'group_type' })
  groupType!: number;

  @Column({ name: 'need_verification' })
  needVerification!: number;

  @Column({ name: 'look_member_info' })
  lookMemberInfo!: number;

  @Column({ name: 'apply_member_friend' })
  applyMemberFriend!: number;

  @Column({ name: 'notification_update_time', type: 'bigint' })
  notificationUpdateTime!: number;

  @Column({ name: 'notification_user_id', type: 'text' })
  notificationUserID!: string;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  @OneToMany(() => GroupMember, (member) => member.group, { cascade: true })
  members!: GroupMember[];
}

/** A member of a group. */
@Entity('group_members')
export class GroupMember {
  @PrimaryColumn({ name: 'group_id', type: 'text' })
  groupID!: string;

  @PrimaryColumn({ name: 'user_id', type: 'text' })
  userID!: string;

  @Column({ name: 'role_level' })
  roleLevel!: number;

  @UpdateDateColumn({ name: 'updated_at', type: 'timestamptz' })
  updatedAt!: Date;

  @ManyToOne(() => Group, (group) => group.members)
  @JoinColumn({ name: 'group_id' })
  group!: Relation<Group>;
}

/** A received callback with its body. */
@Entity('callback_logs')
export class CallbackLog {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column({ name: 'received_at', type: 'timestamptz', default: () => 'now()' })
  receivedAt!: Date;

  @Column('text')
  command!: string;

  @Column({ name: 'group_id', type: 'text' })
  groupID!: string;

  @Column('bytea')
  body!: Buffer;
}
