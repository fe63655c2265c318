import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import type { Request, Response } from 'express';
import { adminRequestLog } from './admin-request-log.js';
import { AuthenticationLimit } from '../auth/authentication-limit.js';
import { Config } from '../config/config.js';
import { operationIDOf } from '../openim/operation-id.js';
import { fingerprint, secretFinder } from '../auth/secrets.js';

/** Accepts requests with an admin key: `Authorization: Bearer KEY`. */
@Injectable()
export class AdminGuard implements CanActivate {
  private readonly keys: readonly string[];
  private readonly findKey: (candidate: string) => number;
  private readonly fingerprints = new Map<number, Promise<string>>();

  constructor(
    config: Config,
    private readonly limit: AuthenticationLimit,
  ) {
    this.keys = config.ADMIN_API_KEY ?? [];
    this.findKey = secretFinder(this.keys);
  }

  /** @throws UnauthorizedException without a valid key; HttpException 429 after too many failures */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Request>();
    const [, key = ''] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const place = this.findKey(key);
    if (place < 0) {
      await this.limit.countFailure('admin', request);
      throw new UnauthorizedException('An admin key is needed: Authorization: Bearer ADMIN_API_KEY');
    }
    Object.assign(adminRequestLog(context.switchToHttp().getResponse<Response>()), {
      adminKey: { number: place + 1, fingerprint: await this.fingerprintOf(place) },
      params: Object.keys(request.params).length > 0 ? { ...request.params } : undefined,
      operationID: operationIDOf(request) || undefined,
    });
    return true;
  }

  private fingerprintOf(place: number): Promise<string> {
    const known = this.fingerprints.get(place) ?? fingerprint(this.keys[place]!);
    this.fingerprints.set(place, known);
    return known;
  }
}
