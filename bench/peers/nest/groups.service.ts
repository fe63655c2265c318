import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { CreateGroupDto } from './create-group.dto.js';
import { CallbackLog, Group, GroupMember } from './entities.js';

/** Writes groups with TypeORM's repositories. */
@Injectable()
export class GroupsService {
  constructor(private readonly dataSource: DataSource) {}

  /** Saves a group, its members and the callback in one transaction. A member that is listed twice has the higher role. */
  async create(
    command: string,
    { initMemberList, ...group }: CreateGroupDto,
    body: Buffer | undefined,
  ): Promise<void> {
    const roles = new Map<string, number>();
    for (const { userID, roleLevel } of initMemberList) {
      roles.set(userID, Math.max(roles.get(userID) ?? 0, roleLevel));
    }
    const { groupID } = group;
    await this.dataSource.transaction(async (manager) => {
      const members = Array.from(roles, ([userID, roleLevel]) =>
        manager.create(GroupMember, { groupID, userID, roleLevel }),
      );
      await manager.getRepository(Group).save({ ...group, members });
      await manager.getRepository(CallbackLog).save({ command, groupID, body });
    });
  }
}
