import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { NoQuery, PageQuery } from '../admin-api/paging.js';
import {
  DeliveriesQuery,
  DeliveryPage,
  DeliveryParams,
  DeliveryWithBodyDto,
  TimelinePage,
} from './deliveries.dto.js';
import { DeliveriesService } from './deliveries.service.js';
import { TimelineService } from './timeline.service.js';

/** What came in, for staff. */
@Controller('admin')
@AdminRoutes()
export class DeliveriesController {
  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly timelines: TimelineService,
  ) {}

  /** The callbacks that came in, newest first. */
  @Get('deliveries')
  @ApiOperation({ summary: 'List the callbacks that came in, newest first' })
  @ApiOkResponse({ type: DeliveryPage })
  list(@Query() query: DeliveriesQuery): Promise<DeliveryPage> {
    return this.deliveries.list(query);
  }

  /** One callback, with its body as it came. */
  @Get('deliveries/:id')
  @ApiOperation({ summary: 'Read one callback, with its body as it came' })
  @ApiOkResponse({ type: DeliveryWithBodyDto })
  @ApiNotFoundResponse({ description: 'There is no such delivery, or not any more' })
  read(@Param() params: DeliveryParams, @Query() _query: NoQuery): Promise<DeliveryWithBodyDto> {
    return this.deliveries.read(params.id);
  }

  /** What happened to a group, newest first, in words. Empty for a group that nothing is known of. */
  @Get('groups/:groupID/timeline')
  @ApiOperation({ summary: 'List what happened to a group, newest first, in words' })
  @ApiOkResponse({ type: TimelinePage })
  timeline(@Param() params: GroupParams, @Query() query: PageQuery): Promise<TimelinePage> {
    return this.timelines.read(params.groupID, query);
  }
}
