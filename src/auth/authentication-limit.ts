import { HttpException, HttpStatus, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import type { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AuthenticationMetrics, type Endpoint } from './authentication-metrics.js';

/** Number of requests with wrong credentials that one address may send within `WINDOW_S`; further ones are answered with 429. */
const MAX_FAILURES = 100;
/** Duration of the limit, in s. */
const WINDOW_S = 60;

/**
 * Limits the wrong credentials that one address can try at one endpoint. The guards compare first and always accept valid credentials, so that
 * an attacker behind the same proxy or NAT cannot lock out OpenIM or the staff. That does no harm: a comparison costs less than the answer, and
 * the secrets are too long to guess.
 */
@Injectable()
export class AuthenticationLimit {
  private failures?: Promise<RateLimiterMemory>;

  constructor(private readonly metrics: AuthenticationMetrics) {}

  /**
   * Counts a request with wrong credentials.
   * @throws HttpException 429 for an address with too many of them
   */
  async countFailure(endpoint: Endpoint, request: Request): Promise<void> {
    this.metrics.failed(endpoint);
    const key = `${endpoint} ${networkOf(request.ip ?? '')}`;
    const failures = await (this.failures ??= countFailures());
    await failures.consume(key).catch((limit: RateLimiterRes) => Promise.reject(tooMany(limit, request)));
  }
}

/** Creates the counter. The library, which has one for many databases, is loaded by the first wrong credentials. */
async function countFailures(): Promise<RateLimiterMemory> {
  const { RateLimiterMemory: Counter } = await import('rate-limiter-flexible');
  return new Counter({ points: MAX_FAILURES, duration: WINDOW_S });
}

/** Returns an IPv4 address, or the first 64 bits of an IPv6 address: a customer gets a whole /64 or more (RFC 6177). */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) {
    return address;
  }
  const parsed = ipaddr.process(address); // IPv4-mapped addresses become IPv4
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

function tooMany({ msBeforeNext }: RateLimiterRes, request: Request): HttpException {
  const seconds = Math.ceil(msBeforeNext / 1000);
  request.res?.setHeader('Retry-After', seconds);
  return new HttpException(
    {
      statusCode: HttpStatus.TOO_MANY_REQUESTS,
      message: `Too many wrong credentials came from this address; try again in ${seconds} s`,
      error: 'Too Many Requests',
    },
    HttpStatus.TOO_MANY_REQUESTS,
  );
}
