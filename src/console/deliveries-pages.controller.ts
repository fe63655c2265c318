import { Controller, Get, Param, Post, Query, Redirect, Req } from '@nestjs/common';
import type { Request } from 'express';
import { ReplayService } from '../callback/replay/replay.service.js';
import { DeliveriesQuery, DeliveryParams } from '../deliveries/deliveries-query.js';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';

/** The pages of the log of callbacks. */
@Controller('console/deliveries')
@ConsolePages()
export class DeliveriesPagesController {
  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly replays: ReplayService,
  ) {}

  @Get()
  async list(@Req() request: Request, @Query() query: DeliveriesQuery): Promise<string> {
    return html(request, 'deliveries', { query, page: await this.deliveries.list(query) });
  }

  @Get(':id')
  async show(@Req() request: Request, @Param() { id }: DeliveryParams): Promise<string> {
    return html(request, 'delivery', await this.deliveries.read(id));
  }

  @Post(':id/replay')
  @Redirect(undefined, 303)
  async replay(@Param() { id }: DeliveryParams): Promise<{ url: string }> {
    const replay = await this.replays.replay(id);
    return { url: `/console/deliveries/${replay.id}` };
  }
}
