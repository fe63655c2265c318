import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { NoQuery } from '../admin-api/paging.js';
import { StatsDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';

/** The admin API of the counts. */
@Controller('admin')
@AdminRoutes()
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get('stats')
  @ApiOperation({
    summary: 'Read the numbers of groups, members and callbacks, and the state of the journal',
  })
  @ApiOkResponse({ type: StatsDto })
  read(@Query() _query: NoQuery): Promise<StatsDto> {
    return this.stats.read();
  }
}
