import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadGatewayResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
} from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { NoQuery } from '../admin-api/paging.js';
import { ReconciliationDto, RefreshDto, RunDto } from './reconciliation.dto.js';
import { ReconciliationService } from './reconciliation.service.js';

/** How equal the mirror is to OpenIM, and making it so, for staff. */
@Controller('admin')
@AdminRoutes()
export class ReconciliationController {
  constructor(private readonly reconciliation: ReconciliationService) {}

  /** What waits, what was found, and the last runs. */
  @Get('reconciliation')
  @ApiOperation({ summary: 'Read how equal the mirror is to OpenIM' })
  @ApiOkResponse({ type: ReconciliationDto })
  read(@Query() _query: NoQuery): Promise<ReconciliationDto> {
    return this.reconciliation.read();
  }

  /** Asks for a run over all groups. */
  @Post('reconciliation')
  @ApiOperation({ summary: 'Ask for a run that reads every group once more' })
  @HttpCode(202)
  @ApiAcceptedResponse({
    type: RunDto,
    description: 'It begins within seconds; one that waits already is it',
  })
  @ApiConflictResponse({ description: 'OPENIM_API_URL is not set' })
  request(@Query() _query: NoQuery): Promise<RunDto> {
    return this.reconciliation.request();
  }

  /** Reads one group from OpenIM now, and makes the mirror equal. */
  @Post('groups/:groupID/refresh')
  @ApiOperation({ summary: 'Read a group from OpenIM now, and make the mirror equal' })
  @HttpCode(200)
  @ApiOkResponse({ type: RefreshDto })
  @ApiNotFoundResponse({ description: 'The group is known neither here nor in OpenIM' })
  @ApiConflictResponse({ description: 'OPENIM_API_URL is not set' })
  @ApiBadGatewayResponse({ description: 'OpenIM cannot be asked' })
  refresh(@Param() params: GroupParams, @Query() _query: NoQuery): Promise<RefreshDto> {
    return this.reconciliation.refresh(params.groupID);
  }
}
