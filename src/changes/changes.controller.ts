import { Controller, Get, Headers, Query, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  ApiGoneResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
} from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { ChangePoller } from './change-poller.service.js';
import { streamChanges } from './change-stream.js';
import { ChangesPage } from './change.dto.js';
import { ChangesQuery } from './changes-query.js';
import { ChangesService } from './changes.service.js';

/** The feed of changes. */
@Controller('admin/changes')
@AdminRoutes()
export class ChangesController {
  constructor(
    private readonly changes: ChangesService,
    private readonly poller: ChangePoller,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Follow the changes of groups and members, oldest first' })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'With `Accept: text/event-stream`: where the stream continues, in place of `since`',
  })
  @ApiProduces('application/json', 'text/event-stream')
  @ApiOkResponse({ type: ChangesPage })
  @ApiGoneResponse({ description: 'The changes behind the cursor are no longer kept: list the groups again' })
  async follow(
    @Query() query: ChangesQuery,
    @Headers('last-event-id') lastEventID: string | undefined,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (request.accepts(['json', 'text/event-stream']) === 'text/event-stream') {
      const { changes, poller } = this;
      await streamChanges(response, lastEventID ?? query.since, query, { changes, poller });
      return;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    response.json(await this.changes.list(query, gone.signal));
  }
}
