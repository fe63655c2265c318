import { isIPv6 } from 'node:net';
import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AuthenticationMetrics } from './authentication-metrics.js';

/** How many wrong secrets of one address are told so within the time below. */
const WRONG_SECRETS = 100;
/** In seconds. */
const WITHIN_S = 60;

/**
 * Limits how many wrong secrets one address can try at one endpoint. Every secret is compared first, and a right one is never refused:
 * somebody who guesses behind the same proxy or NAT as OpenIM or the staff would otherwise lock them out. A comparison costs less than
 * the answer does; what makes guessing hopeless is the length of the secrets.
 */
@Injectable()
export class AuthenticationLimit {
  private readonly wrong = new RateLimiterMemory({ points: WRONG_SECRETS, duration: WITHIN_S });

  constructor(private readonly metrics: AuthenticationMetrics) {}

  /**
   * Counts a request without a right secret.
   * @throws HttpException 429 for an address that tried too often
   */
  async refuse(endpoint: 'callback' | 'admin', request: Request): Promise<void> {
    this.metrics.failed(endpoint);
    await this.wrong
      .consume(`${endpoint} ${networkOf(request.ip ?? '')}`)
      .catch((tries: RateLimiterRes) => Promise.reject(tooMany(tries, request)));
  }
}

/** Of IPv6 the first 64 bits: whoever has one address there has them all (RFC 6177). */
function networkOf(address: string): string {
  return isIPv6(address) && !address.startsWith('::ffff:') ? prefix(address) : address;
}

function prefix(address: string): string {
  const [head = '', tail] = address.split('::');
  const left = head.split(':');
  const right = tail?.split(':') ?? [];
  const zeros = Array.from({ length: Math.max(8 - left.length - right.length, 0) }, () => '0');
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}

function tooMany({ msBeforeNext }: RateLimiterRes, request: Request): HttpException {
  const seconds = Math.ceil(msBeforeNext / 1000);
  request.res?.setHeader('Retry-After', seconds);
  return new HttpException(
    {
      statusCode: HttpStatus.TOO_MANY_REQUESTS,
      message: `Too many wrong secrets came from this address; try again in ${seconds} s`,
      error: 'Too Many Requests',
    },
    HttpStatus.TOO_MANY_REQUESTS,
  );
}
