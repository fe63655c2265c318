import { Body, Controller, HttpCode, Param, Post, type RawBodyRequest, Req } from '@nestjs/common';
import type { Request } from 'express';
import { CreateGroupDto } from './create-group.dto.js';
import { GroupsService } from './groups.service.js';

/** Receives creations of groups. */
@Controller('callback')
export class CallbackController {
  constructor(private readonly groups: GroupsService) {}

  @Post(':command')
  @HttpCode(200)
  async receive(
    @Param('command') command: string,
    @Body() callback: CreateGroupDto,
    @Req() request: RawBodyRequest<Request>,
  ): Promise<object> {
    await this.groups.create(command, callback, request.rawBody);
    return { actionCode: 0, errCode: 0, errMsg: '', errDlt: '', nextCode: 1 };
  }
}
