import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiGoneResponse, ApiNotFoundResponse, ApiOkResponse, ApiOperation } from '../openapi/decorators.js';
import { AdminRoutes } from '../admin-api/admin-routes.js';
import { NoQuery } from '../admin-api/paging.js';
import { EndpointParams, RewindQuery, WebhookEndpointDto, WebhookEndpoints } from './webhooks.dto.js';
import { WebhooksService } from './webhooks.service.js';

/** The endpoints of webhooks, for staff. */
@Controller('admin/webhooks')
@AdminRoutes()
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  /** Lists the endpoints. */
  @Get()
  @ApiOperation({ summary: 'List the endpoints of webhooks, and how far each has received the changes' })
  @ApiOkResponse({ type: WebhookEndpoints })
  async list(@Query() _query: NoQuery): Promise<WebhookEndpoints> {
    return { items: await this.webhooks.list() };
  }

  /** Makes an endpoint go on at another place. */
  @Post(':id/rewind')
  @ApiOperation({
    summary: 'Send the changes behind a cursor or of a moment again, also where it is stopped',
  })
  @HttpCode(200)
  @ApiOkResponse({ type: WebhookEndpointDto })
  @ApiNotFoundResponse({ description: 'No endpoint has this id' })
  @ApiGoneResponse({ description: 'The changes behind the cursor are no longer kept' })
  rewind(@Param() { id }: EndpointParams, @Query() query: RewindQuery): Promise<WebhookEndpointDto> {
    return this.webhooks.rewind(id, query);
  }
}
