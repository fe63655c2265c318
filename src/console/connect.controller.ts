import { Controller, Get, NotFoundException, Query, Req } from '@nestjs/common';
import type { Request } from 'express';
import { callbackUrl, webhooksYml } from '../callback/payloads/webhooks-yml.js';
import { Config } from '../config/config.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';

/** Stands for the token until staff asks for it. */
const HIDDEN = 'CALLBACK_TOKEN';

/** How OpenIM is connected, and the answer to paths that are no page. */
@Controller('console')
@ConsolePages()
export class ConnectController {
  constructor(private readonly config: Config) {}

  @Get('connect')
  show(@Req() request: Request, @Query('token') shown: unknown): Promise<string> {
    const isShown = shown === 'shown';
    const token = this.config.CALLBACK_TOKEN?.[0];
    const url = callbackUrl(request.host, token && (isShown ? token : HIDDEN));
    return html(request, 'connect', { lines: webhooksYml(url), hasToken: token !== undefined, isShown });
  }

  /** @throws NotFoundException always */
  @Get('*path')
  unknown(): never {
    throw new NotFoundException('There is no such page');
  }
}
