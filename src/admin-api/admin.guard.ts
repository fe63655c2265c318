import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { adminRequestLog } from './admin-request-log.js';
import { AdminKeys } from './admin-keys.js';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { operationIDOf } from '../openim/operation-id.js';

/** Accepts requests with an admin key: `Authorization: Bearer KEY`. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(
    private readonly keys: AdminKeys,
    private readonly limit: AuthenticationLimit,
  ) {}

  /** @throws UnauthorizedException without a valid key; HttpException 429 after too many failures */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const [, key = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const index = this.keys.find(key);
    if (index < 0) {
      await this.limit.countFailure('admin', request);
      throw new UnauthorizedException('An admin key is needed: Authorization: Bearer ADMIN_API_KEY');
    }
    Object.assign(adminRequestLog(context.switchToHttp().getResponse<Response>()), {
      adminKey: await this.keys.describe(index),
      params: Object.keys(request.params).length > 0 ? { ...request.params } : undefined,
      operationID: operationIDOf(request) || undefined,
    });
    return true;
  }
}
