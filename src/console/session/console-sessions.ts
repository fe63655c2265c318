import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { CookieOptions, Request } from 'express';
import { AdminKeys } from '../../admin-api/admin-keys.js';

const COOKIE = 'console_session';
/** Duration of a session, in ms. */
const SESSION_MS = 8 * 3_600_000;

/**
 * Sessions of the console: a cookie with the end of the session, signed with a key that is derived from the admin key. Every replica with the
 * same `ADMIN_API_KEY` accepts it, and a key that is removed from there ends its sessions. Nothing is stored.
 */
@Injectable()
export class ConsoleSessions {
  private readonly signingKeys: readonly Buffer[];

  constructor(keys: AdminKeys) {
    this.signingKeys = keys.all.map((key) =>
      Buffer.from(hkdfSync('sha256', key, '', 'openim-group-sync console session', 32)),
    );
  }

  /** Begins a session in the browser. @param keyIndex the index of the admin key that was entered */
  begin(request: Request, keyIndex: number): void {
    const end = String(Date.now() + SESSION_MS);
    const value = `${end}.${sign(this.signingKeys[keyIndex]!, end).toString('base64url')}`;
    request.res!.cookie(COOKIE, value, { ...cookieOptions(request), maxAge: SESSION_MS });
  }

  /** Removes the session from the browser. */
  end(request: Request): void {
    request.res!.clearCookie(COOKIE, cookieOptions(request));
  }

  /** Returns the index of the admin key of a session that has not ended; -1: there is none. */
  find({ headers }: Request): number {
    const [, end = '', signature = ''] =
      /(?:^|; *)console_session=(\d{1,15})\.([\w-]{43})(?:;|$)/.exec(headers.cookie ?? '') ?? [];
    const given = Buffer.from(signature, 'base64url');
    return Number(end) > Date.now()
      ? this.signingKeys.findIndex((key) => timingSafeEqual(sign(key, end), given))
      : -1;
  }
}

const sign = (key: Buffer, end: string): Buffer => createHmac('sha256', key).update(end).digest();

/** `Strict`: no other site can send a request with the session. */
const cookieOptions = ({ secure }: Request): CookieOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  secure,
  path: '/console',
});
