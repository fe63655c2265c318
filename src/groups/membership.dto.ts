import { ApiProperty } from '../openapi/decorators.js';
import { Page } from '../admin-api/paging.js';

/** A membership at a moment. */
class Membership {
  @ApiProperty({
    type: 'integer',
    description: 'Role then: 100 owner, 60 admin, 20 ordinary, 0 not reported',
  })
  roleLevel!: number;

  @ApiProperty({ format: 'date-time', description: 'Since when the user was a member with this role' })
  validFrom!: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when, exclusively; null: still is',
  })
  validTo!: string | null;
}

/** A member of a group at a moment. */
export class MemberAtDto extends Membership {
  @ApiProperty()
  userID!: string;
}

export class MembersAtPage extends Page {
  @ApiProperty({ type: [MemberAtDto] })
  items!: MemberAtDto[];
}

/** A group of a user at a moment. */
export class UserGroupAtDto extends Membership {
  @ApiProperty()
  groupID!: string;

  @ApiProperty({ type: String, nullable: true, description: 'Name of the group today' })
  groupName!: string | null;
}

export class UserGroupsAtPage extends Page {
  @ApiProperty({ type: [UserGroupAtDto] })
  items!: UserGroupAtDto[];

  @ApiProperty({
    type: 'integer',
    description:
      'Number of groups of the user today, in the range of groupIDs of this page, whose members were not known at the moment: they are not in the list. At most 1,000 groups are examined for a page',
  })
  unknownGroups!: number;
}
