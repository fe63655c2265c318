import { Body, Controller, Get, Header, Post, Query, Redirect, Req } from '@nestjs/common';
import type { Request } from 'express';
import { AdminKeys } from '../admin-api/admin-keys.js';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { ConsolePages } from './console-pages.js';
import { html } from './html.js';
import { STYLES } from './styles.js';
import { ConsoleSessions } from './session/console-sessions.js';

/** Where a browser goes after it signed in, as the form and the url have it. */
interface SignIn {
  key?: unknown;
  to?: unknown;
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
  form(@Req() request: Request, @Query() { to }: SignIn): Promise<string> {
    return html(request, 'signIn', { to: pathOf(to), isWrong: false });
  }

  @Post('sign-in')
  async signIn(@Req() request: Request, @Body() form?: SignIn): Promise<void> {
    const keyIndex = this.keys.find(String(form?.key ?? '').trim());
    const to = pathOf(form?.to);
    if (keyIndex < 0) {
      await this.limit.countFailure('admin', request);
      request.res!.status(401).send(await html(request, 'signIn', { to, isWrong: true }));
      return;
    }
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
  @Header('Cache-Control', 'public, max-age=31536000, immutable')
  styles(): string {
    return STYLES.text();
  }
}

/** Returns a path of the console, whatever the url or the form says. */
function pathOf(to: unknown): string {
  const path = String(to ?? '');
  return /^\/console(?:[/?][^\\\s]*)?$/.test(path) ? path : '/console';
}
