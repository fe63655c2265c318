import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { NoQuery } from '../admin-api/paging.js';
import { StatsDto } from './stats.dto.js';
import { StatsService } from './stats.service.js';

/** Figures, for staff. */
@Controller('admin')
@AdminRoutes()
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  /** How much there is of everything, and when each command came last. */
  @Get('stats')
  @ApiOperation({ summary: 'Read how much there is of everything' })
  @ApiOkResponse({ type: StatsDto })
  read(@Query() _query: NoQuery): Promise<StatsDto> {
    return this.stats.read();
  }
}
