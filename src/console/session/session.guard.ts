import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AdminKeys } from '../../admin-api/admin-keys.js';
import { adminRequestLog } from '../../admin-api/admin-request-log.js';
import { ConsoleSessions } from './console-sessions.js';

/** Accepts requests of a browser that is signed in. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly keys: AdminKeys,
    private readonly sessions: ConsoleSessions,
  ) {}

  /** @throws UnauthorizedException without a session */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const keyIndex = this.sessions.find(request);
    if (keyIndex < 0) {
      throw new UnauthorizedException();
    }
    Object.assign(adminRequestLog(context.switchToHttp().getResponse<Response>()), {
      adminKey: await this.keys.describe(keyIndex),
      params: Object.keys(request.params).length > 0 ? { ...request.params } : undefined,
    });
    return true;
  }
}
