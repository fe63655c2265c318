import { isIPv6 } from 'node:net';
import { HttpException, HttpStatus, Injectable, type UnauthorizedException } from '@nestjs/common';
import type { Request } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { AuthenticationMetrics } from './authentication-metrics.js';

/** How many wrong secrets of one address are compared within the time below. */
const WRONG_SECRETS = 100;
/** In seconds. */
const WITHIN_S = 60;
/** More addresses than that are not remembered at once. */
const ADDRESSES_KNOWN = 10_000;

/**
 * Limits how many secrets one address can try at one door. After too many wrong ones it is refused without a look at what it sends:
 * unless it has shown a right one before, so that nobody behind the same proxy can lock OpenIM or the staff out.
 */
@Injectable()
export class AuthenticationLimit {
  private readonly wrong = new RateLimiterMemory({ points: WRONG_SECRETS, duration: WITHIN_S });
  private readonly known = new Set<string>();

  constructor(private readonly metrics: AuthenticationMetrics) {}

  /**
   * @param isRight whether the request carries a right secret
   * @throws `refusal` if not; HttpException 429 for an address that tried too often
   */
  async admit(
    door: 'callback' | 'admin',
    request: Request,
    isRight: () => boolean,
    refusal: () => UnauthorizedException,
  ): Promise<void> {
    const address = `${door} ${networkOf(request.ip ?? '')}`;
    if (!this.known.has(address)) {
      const tries = await this.wrong.get(address);
      if (tries && tries.consumedPoints >= WRONG_SECRETS) {
        this.metrics.failed(door);
        throw tooMany(tries, request);
      }
    }
    if (isRight()) {
      this.remember(address);
      return;
    }
    this.metrics.failed(door);
    await this.wrong.consume(address).catch((tries: RateLimiterRes) => {
      throw tooMany(tries, request);
    });
    throw refusal();
  }

  private remember(address: string): void {
    if (this.known.size >= ADDRESSES_KNOWN) {
      this.known.clear();
    }
    this.known.add(address);
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
