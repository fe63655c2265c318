import { Controller, Get, Param, Query, type StreamableFile } from '@nestjs/common';
import { ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiProduces } from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { GroupParams } from '../admin-api/group-params.js';
import { listAs } from '../admin-api/list-export.js';
import { AskedFormat, type ListFormat, MEDIA_TYPES } from '../admin-api/list-format.js';
import { NoQuery, PageQuery } from '../admin-api/paging.js';
import { DELIVERY_LIST } from './delivery-list.js';
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
  @ApiProduces(...Object.values(MEDIA_TYPES))
  @ApiOperation({ summary: 'List the received callbacks, newest first' })
  @ApiOkResponse({ type: DeliveryPage })
  list(
    @Query() query: DeliveriesQuery,
    @AskedFormat() format: ListFormat,
  ): Promise<DeliveryPage | StreamableFile> {
    return listAs(format, query, DELIVERY_LIST, (page) => this.deliveries.list(page));
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
