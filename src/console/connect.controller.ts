import { Controller, Get, HttpCode, NotFoundException, Post, Query, Req } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Request } from 'express';
import { DataSource } from 'typeorm';
import { callbackUrl, webhooksYml } from '../callback/payloads/webhooks-yml.js';
import { Config } from '../config/config.js';
import type { Finding } from '../doctor/finding.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';

/** Stands for the token until staff asks for it. */
const HIDDEN = 'CALLBACK_TOKEN';

/** How OpenIM is connected, and the answer to paths that are no page. */
@Controller('console')
@ConsolePages()
export class ConnectController {
  constructor(
    private readonly config: Config,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  @Get('connect')
  show(@Req() request: Request, @Query('token') shown: unknown): Promise<string> {
    return this.page(request, shown === 'shown');
  }

  /** Checks the installation now, as `doctor` does, with the url that the page shows. It is no GET, since it sends a callback. */
  @Post('connect')
  @HttpCode(200)
  async check(@Req() request: Request): Promise<string> {
    const { checkInstallation } = await import('../doctor/doctor.js');
    const findings: Finding[] = [];
    const url = urlOf(request, this.config.CALLBACK_TOKEN?.[0]);
    for await (const finding of checkInstallation(this.dataSource, this.config, url)) {
      findings.push(finding);
    }
    return this.page(request, false, findings);
  }

  /** @throws NotFoundException always */
  @Get('*path')
  unknown(): never {
    throw new NotFoundException('There is no such page');
  }

  private page(request: Request, isShown: boolean, findings?: Finding[]): Promise<string> {
    const [token] = this.config.CALLBACK_TOKEN ?? [];
    const lines = webhooksYml(urlOf(request, token && (isShown ? token : HIDDEN)));
    return html(request, 'connect', { lines, hasToken: token !== undefined, isShown, findings });
  }
}

/** The url of the callbacks, at the host by which the browser reaches the service. */
const urlOf = ({ protocol, host }: Request, token: string | undefined): string =>
  callbackUrl(host, token).replace(/^http:/, `${protocol}:`);
