import { ApiProperty } from '../openapi/decorators.js';
import {
  CHANGE_KINDS,
  type ChangeKind,
  type Changed,
  type MemberChange,
  toDifference,
} from './change-content.js';
import { CHANGE_SOURCES, type ChangeSource, type GroupChange } from './group-change.entity.js';

/** The fields whose values are times: OpenIM has them in ms since 1970. */
const TIMES = new Set(['createTime', 'notificationUpdateTime']);

/** A member whose state changed. */
export class MemberChangeDto {
  @ApiProperty()
  userID!: string;

  @ApiProperty({ enum: ['joined', 'left', 'role', 'member'] })
  kind!: MemberChange['kind'];

  @ApiProperty({
    type: 'integer',
    description: '100 owner, 60 admin, 20 ordinary; 0 not known. Of a user who left: the last one',
  })
  roleLevel!: number;

  @ApiProperty({ type: 'integer', required: false, description: 'Of kind role: the role before' })
  formerRoleLevel?: number;

  @ApiProperty({
    required: false,
    description: 'Why a user left: quit, kicked or dismissed; absent where OpenIM does not say',
  })
  cause?: string;

  @ApiProperty({ required: false, description: 'The new one, where it changed' })
  nickname?: string;

  @ApiProperty({ required: false, description: 'The new one, where it changed' })
  faceURL?: string;

  @ApiProperty({ required: false, description: 'The new one, where it changed' })
  ex?: string;

  @ApiProperty({ type: 'integer', required: false, description: 'The new one, where it changed, in ms' })
  muteEndTime?: number;
}

/** A change of a group or its members. */
export class ChangeDto {
  @ApiProperty()
  groupID!: string;

  @ApiProperty({ type: 'integer', description: 'Number of this change of the group: 1, 2, 3 and so on' })
  revision!: number;

  @ApiProperty({ enum: CHANGE_KINDS, isArray: true, description: 'What changed' })
  kinds!: ChangeKind[];

  @ApiProperty({ enum: CHANGE_SOURCES, description: 'Where the change comes from' })
  source!: ChangeSource;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Id of the delivery, or of the run of reconciliation; null: neither',
  })
  cause!: string | null;

  @ApiProperty({ format: 'date-time', description: 'Time as of which the change is true' })
  asOf!: string;

  @ApiProperty({ format: 'date-time', description: 'When it was written' })
  recordedAt!: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'object', properties: { from: {}, to: {} } },
    description:
      'The fields of the group that changed, each with its value before (`from`, null where it was not known) and after (`to`)',
  })
  group!: Record<string, { from: string | number | null; to: string | number | null }>;

  @ApiProperty({ type: [MemberChangeDto], description: 'The members whose state changed, at most 1,000' })
  members!: MemberChangeDto[];

  @ApiProperty({
    type: 'integer',
    description: 'Number of members beyond these; list the members of the group to see them',
  })
  moreMembers!: number;
}

/** Changes in the order of the feed. */
export class ChangesPage {
  @ApiProperty({ type: [ChangeDto] })
  items!: ChangeDto[];

  @ApiProperty({ description: 'For the query parameter `since` of the next request' })
  nextCursor!: string;

  @ApiProperty({ description: 'Whether there were no more changes' })
  caughtUp!: boolean;
}

export function toChangeDto({
  groupID,
  revision,
  kinds,
  source,
  cause,
  asOf,
  recordedAt,
  change,
}: GroupChange): ChangeDto {
  const { group = {}, members = [], moreMembers = 0 } = toDifference(change);
  return {
    groupID,
    revision: Number(revision),
    kinds,
    source,
    cause,
    asOf: asOf.toISOString(),
    recordedAt: recordedAt.toISOString(),
    group: Object.fromEntries(Object.entries(group).map(([name, values]) => [name, toFromTo(name, values)])),
    members: members.map(({ muteEndTime, ...member }) => ({
      ...member,
      ...(muteEndTime === undefined ? {} : { muteEndTime: Date.parse(muteEndTime) }),
    })),
    moreMembers,
  };
}

function toFromTo(name: string, [from, to]: Changed<string | number>): ChangeDto['group'][string] {
  const value = (one: string | number | null): string | number | null =>
    one !== null && TIMES.has(name) ? Date.parse(String(one)) : one;
  return { from: value(from), to: value(to) };
}
