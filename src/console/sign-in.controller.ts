import { Body, Controller, Get, Header, Post, Query, Redirect, Req } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import type { Request } from 'express';
import { adminRequestLog } from '../admin-api/admin-request-log.js';
import { AdminKeys } from '../admin-api/admin-keys.js';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';
import { STYLES } from './styles.js';
import { ConsoleSessions } from './session/console-sessions.js';

/** What browsers keep: its url changes with it. */
const KEPT = 'public, max-age=31536000, immutable';
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="2" y="2" width="12" height="12" rx="4" fill="#3e63dd"/></svg>';

/** The form. */
class SignInForm {
  @IsOptional()
  @IsString()
  key: string = '';

  /** Where the browser goes then. */
  @IsOptional()
  @IsString()
  to: string = '';
}

/** Signing in and out, and the styles: all that needs no session. */
@Controller('console')
@ConsolePages({ needsSession: false })
export class SignInController {
  constructor(
    private readonly keys: AdminKeys,
    private readonly limit: AuthenticationLimit,
    private readonly sessions: ConsoleSessions,
  ) {}

  @Get('sign-in')
  form(@Req() request: Request, @Query() { to }: SignInForm): Promise<string> {
    return html(request, 'signIn', { to: pathOf(to), isWrong: false });
  }

  @Post('sign-in')
  async signIn(@Req() request: Request, @Body() form: SignInForm): Promise<void> {
    const keyIndex = this.keys.find(form.key.trim());
    const to = pathOf(form.to);
    if (keyIndex < 0) {
      await this.limit.countFailure('admin', request);
      request.res!.status(401).send(await html(request, 'signIn', { to, isWrong: true }));
      return;
    }
    adminRequestLog(request.res!).adminKey = await this.keys.describe(keyIndex);
    this.sessions.begin(request, keyIndex);
    request.res!.redirect(303, to);
  }

  @Post('sign-out')
  @Redirect('/console/sign-in', 303)
  signOut(@Req() request: Request): void {
    this.sessions.end(request);
  }

  @Get('console.css')
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', KEPT)
  styles(): string {
    return STYLES.text();
  }

  @Get('icon.svg')
  @Header('Content-Type', 'image/svg+xml')
  @Header('Cache-Control', KEPT)
  icon(): string {
    return ICON;
  }
}

/** Returns a path of the console, whatever the url or the form says. */
const pathOf = (to: string): string => (/^\/console(?:[/?][^\\\s]*)?$/.test(to) ? to : '/console');
