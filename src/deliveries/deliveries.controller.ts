import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { NoQuery, PageQuery } from '../admin-api/paging.js';
import { DeliveryPage, DeliveryWithBodyDto, TimelinePage } from './deliveries.dto.js';
import { DeliveriesQuery, DeliveryParams } from './deliveries-query.js';
import { DeliveriesService } from './deliveries.service.js';
import { TimelineService } from './timeline.service.js';

/** The admin API of the log of callbacks. */
@Controller('admin')
@AdminRoutes()
export class DeliveriesController {
  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly timelines: TimelineService,
  ) {}

  @Get('deliveries')
  @ApiOperation({ summary: 'List the received callbacks, newest first' })
  @ApiOkResponse({ type: DeliveryPage })
  list(@Query() query: DeliveriesQuery): Promise<DeliveryPage> {
    return this.deliveries.list(query);
  }

  @Get('deliveries/:id')
  @ApiOperation({ summary: 'Read one callback, with its body' })
  @ApiOkResponse({ type: DeliveryWithBodyDto })
  @ApiNotFoundResponse({ description: 'The delivery does not exist, or was removed after the retention' })
  read(@Param() params: DeliveryParams, @Query() _query: NoQuery): Promise<DeliveryWithBodyDto> {
    return this.deliveries.read(params.id);
  }

  @Get('groups/:groupID/timeline')
  @ApiOperation({ summary: 'List what happened to a group, newest first' })
  @ApiOkResponse({ type: TimelinePage })
  timeline(@Param() params: GroupParams, @Query() query: PageQuery): Promise<TimelinePage> {
    return this.timelines.read(params.groupID, query);
  }
}
