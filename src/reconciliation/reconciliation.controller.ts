import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadGatewayResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
} from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { NoQuery } from '../admin-api/paging.js';
import { ReconciliationDto, RefreshDto, RunDto } from './reconciliation.dto.js';
import { ReconciliationService } from './reconciliation.service.js';

/** Admin API of reconciliation. */
@Controller('admin')
@AdminRoutes()
export class ReconciliationController {
  constructor(private readonly reconciliation: ReconciliationService) {}

  /** Returns the groups that wait, the drift of the last day and the last runs. */
  @Get('reconciliation')
  @ApiOperation({ summary: 'Read the state of reconciliation' })
  @ApiOkResponse({ type: ReconciliationDto })
  read(@Query() _query: NoQuery): Promise<ReconciliationDto> {
    return this.reconciliation.read();
  }

  /** Requests a full run. */
  @Post('reconciliation')
  @ApiOperation({ summary: 'Request a full run, which reads every group from OpenIM' })
  @HttpCode(202)
  @ApiAcceptedResponse({
    type: RunDto,
    description: 'The run, which starts within seconds, or the one that waits already',
  })
  @ApiConflictResponse({ description: 'OPENIM_API_URL is not set' })
  request(@Query() _query: NoQuery): Promise<RunDto> {
    return this.reconciliation.request();
  }

  /** Reconciles one group now. */
  @Post('groups/:groupID/refresh')
  @ApiOperation({ summary: 'Reconcile a group: read it from OpenIM now, and make the mirror equal' })
  @HttpCode(200)
  @ApiOkResponse({ type: RefreshDto })
  @ApiNotFoundResponse({ description: 'Neither the mirror nor OpenIM has the group' })
  @ApiConflictResponse({ description: 'OPENIM_API_URL is not set' })
  @ApiBadGatewayResponse({ description: 'OpenIM cannot be read' })
  refresh(@Param() params: GroupParams, @Query() _query: NoQuery): Promise<RefreshDto> {
    return this.reconciliation.refresh(params.groupID);
  }
}
