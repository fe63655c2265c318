import { Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
} from '../../openapi/decorators.js';
import { AdminRoutes } from '../../admin-api/admin-routes.js';
import { DeliveryDto } from '../../deliveries/deliveries.dto.js';
import { DeliveryParams, ReplayQuery } from '../../deliveries/deliveries-query.js';
import { NoQuery } from '../../admin-api/paging.js';
import { ReplayedPage } from './replay.dto.js';
import { ReplayService } from './replay.service.js';

/** Replays deliveries for staff. */
@Controller('admin')
@AdminRoutes()
export class ReplayController {
  constructor(private readonly replays: ReplayService) {}

  /** Replays a page of the log. */
  @Post('deliveries/replay')
  @ApiOperation({ summary: 'Replay a page of the callbacks that match, each as of its arrival' })
  @HttpCode(200)
  @ApiOkResponse({ type: ReplayedPage })
  replayPage(@Query() query: ReplayQuery): Promise<ReplayedPage> {
    return this.replays.replayPage(query);
  }

  /** Replays a callback as of its arrival; answers with the delivery of the replay. */
  @Post('deliveries/:id/replay')
  @ApiOperation({ summary: 'Replay a callback as of its arrival' })
  @HttpCode(200)
  @ApiOkResponse({ type: DeliveryDto })
  @ApiNotFoundResponse({ description: 'No delivery has this id, or its retention has ended' })
  @ApiConflictResponse({ description: 'The body is not kept' })
  replay(@Param() params: DeliveryParams, @Query() _query: NoQuery): Promise<DeliveryDto> {
    return this.replays.replay(params.id);
  }
}
