import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { Config } from './config.js';
import { secretMatcher } from './secrets.js';

/** Lets in who shows one of the admin keys: `Authorization: Bearer KEY`. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly isKey: (candidate: string) => boolean;

  constructor(config: Config) {
    this.isKey = secretMatcher(config.ADMIN_API_KEY ?? []);
  }

  /** @throws UnauthorizedException without a right key */
  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<Request>().headers;
    const [, key = ''] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (!this.isKey(key)) {
      throw new UnauthorizedException('An admin key is needed: Authorization: Bearer ADMIN_API_KEY');
    }
    return true;
  }
}
