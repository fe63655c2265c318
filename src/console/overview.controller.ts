import { Controller, Get, Header, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { DatabaseState } from '../postgres/database-state.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';
import { CallbackHistory } from './overview/callback-history.js';
import { OverviewService } from './overview/overview.service.js';

/** The overview, and its chart. */
@Controller('console')
@ConsolePages()
export class OverviewController {
  constructor(
    private readonly overview: OverviewService,
    private readonly history: CallbackHistory,
    private readonly database: DatabaseState,
  ) {}

  @Get()
  async show(@Req() request: Request): Promise<string> {
    return html(request, 'overview', await this.overview.read(this.database.condition));
  }

  /** The callbacks of the last 24 h as an image of its own, so that a slow count does not delay the page. */
  @Get('chart.svg')
  @Header('Content-Type', 'image/svg+xml')
  async chart(@Query('theme') theme: unknown): Promise<string> {
    const [{ renderChart }, history] = await Promise.all([import('./pages/chart.js'), this.history.read()]);
    return renderChart(history, theme === 'dark' ? 'dark' : 'light');
  }
}
