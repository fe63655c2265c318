import { type CanActivate, type ExecutionContext, ForbiddenException, Injectable } from '@nestjs/common';
import type { Request } from 'express';

/** Refuses forms that another site sends. */
@Injectable()
export class SameOriginGuard implements CanActivate {
  /** @throws ForbiddenException for a POST from elsewhere */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    if (request.method === 'POST' && !isFromHere(request)) {
      throw new ForbiddenException('The form was sent from another site; open the console and try again');
    }
    return true;
  }
}

/**
 * Whether a page of this service sent the request. `Sec-Fetch-Site` says it whatever a proxy does to the host; browsers send it over https and
 * to localhost. Otherwise the origin must have the host that the browser asked for, which a trusted proxy passes on as `X-Forwarded-Host`.
 */
function isFromHere({ headers, host }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    return site === 'same-origin';
  }
  const { origin = '' } = headers;
  return URL.canParse(origin) && new URL(origin).host === host;
}
