import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { AuthenticationLimit } from './authentication-limit.js';
import { Config } from './config.js';
import { secretMatcher } from './secrets.js';

/** Lets in who shows one of the admin keys: `Authorization: Bearer KEY`. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly isKey: (candidate: string) => boolean;

  constructor(
    config: Config,
    private readonly limit: AuthenticationLimit,
  ) {
    this.isKey = secretMatcher(config.ADMIN_API_KEY ?? []);
  }

  /** @throws UnauthorizedException without a right key; HttpException 429 after too many wrong ones */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const [, key = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (!this.isKey(key)) {
      await this.limit.refuse('admin', request);
      throw new UnauthorizedException('An admin key is needed: Authorization: Bearer ADMIN_API_KEY');
    }
    return true;
  }
}
