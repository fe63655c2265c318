import { Controller, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiConflictResponse, ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../../admin-api/admin-routes.js';
import { DeliveryDto, DeliveryParams } from '../../deliveries/deliveries.dto.js';
import { NoQuery } from '../../admin-api/paging.js';
import { ReplayService } from './replay.service.js';

/** Deliveries once more, for staff. */
@Controller('admin')
@AdminRoutes()
export class ReplayController {
  constructor(private readonly replays: ReplayService) {}

  /** Replays a callback, true as of when it was received; answers with the delivery that the replay is. */
  @Post('deliveries/:id/replay')
  @ApiOperation({ summary: 'Replay a callback, true as of when it was received' })
  @HttpCode(200)
  @ApiOkResponse({ type: DeliveryDto })
  @ApiNotFoundResponse({ description: 'There is no such delivery, or not any more' })
  @ApiConflictResponse({ description: 'Its body is not kept, or not any more' })
  replay(@Param() params: DeliveryParams, @Query() _query: NoQuery): Promise<DeliveryDto> {
    return this.replays.replay(params.id);
  }
}
