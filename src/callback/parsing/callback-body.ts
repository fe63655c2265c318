import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import {
  BadRequestException,
  HttpException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import type { Request } from 'express';
import { type BodyShare, LARGE_BYTES, TooManyBytesException } from './body-budget.js';

/** How long what is refused as too large is read on, for its sender to see the answer, in ms. */
const LINGER_MS = 2000;

/** JSON by its media type, with no other charset than UTF-8. Go sends `application/json; charset=utf-8`. */
function isJson(contentType: string): boolean {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  return (
    /^application\/([\w.-]+\+)?json$/.test(type) &&
    parameters.every((part) => !part.startsWith('charset') || /^charset="?utf-?8"?$/.test(part))
  );
}

const INFLATERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** @throws UnsupportedMediaTypeException for another encoding */
function inflate(request: Request): Readable {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity') {
    return request;
  }
  const inflater = INFLATERS.get(encoding)?.();
  if (!inflater) {
    throw new UnsupportedMediaTypeException('The content encoding must be identity, gzip, deflate or br');
  }
  request.once('error', (error) => inflater.destroy(error));
  return request.pipe(inflater);
}

/**
 * Reads the body of a request, inflated where it comes compressed.
 * @param limit bytes, after inflation
 * @param share room for them; for what comes with its length it is taken before the first byte is read
 * @throws an HttpException that says what is wrong with it; TooManyBytesException where there is no room
 */
export async function readBody(request: Request, limit: number, share: BodyShare): Promise<Buffer> {
  if (!isJson(request.headers['content-type'] ?? '')) {
    throw new UnsupportedMediaTypeException('The body must come as application/json, in UTF-8');
  }
  const length = Number(request.headers['content-length']);
  if (length > limit) {
    throw refuse(request, tooLarge(limit));
  }
  const body = inflate(request);
  const bytes = new Bytes(body === request && length > 0 ? length : 0, share, request);
  // Node reads a body to its end only if nobody has begun to, and the next request is behind it.
  const readOn = () => {
    request.unpipe();
    request.resume();
  };
  return new Promise((resolve, reject) => {
    body.on('data', (chunk: Buffer) => {
      try {
        bytes.add(chunk, limit);
      } catch (error) {
        body.removeAllListeners('data');
        readOn();
        if (body !== request) {
          body.destroy();
        }
        reject(refuse(request, error as HttpException));
      }
    });
    body.once('end', () => resolve(bytes.all()));
    body.once('error', () => {
      readOn();
      reject(new BadRequestException('The body could not be read'));
    });
  });
}

/** What has come of a body. */
class Bytes {
  private readonly chunks: Buffer[] = [];
  private readonly whole?: Buffer;
  private length = 0;

  /** @param expected its length, 0 where that is not known: then it is put together at the end, and takes twice its size for a moment */
  constructor(
    expected: number,
    private readonly share: BodyShare,
    request: Request,
  ) {
    try {
      share.grow(expected);
    } catch (error) {
      throw refuse(request, error as HttpException);
    }
    this.whole = expected >= LARGE_BYTES ? Buffer.allocUnsafeSlow(expected) : undefined;
  }

  add(chunk: Buffer, limit: number): void {
    if (this.length + chunk.length > limit) {
      throw tooLarge(limit);
    }
    this.share.grow(this.length + chunk.length);
    if (this.whole) {
      chunk.copy(this.whole, this.length);
    } else {
      this.chunks.push(chunk);
    }
    this.length += chunk.length;
  }

  all(): Buffer {
    return this.whole ?? (this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks));
  }
}

const tooLarge = (limit: number): HttpException =>
  new PayloadTooLargeException(`The body is larger than CALLBACK_BODY_LIMIT, ${limit} bytes`);

/** The answer goes out at once; who sends on all the same, and does not read it, is cut off. */
function refuse(request: Request, error: HttpException): HttpException {
  if (error instanceof TooManyBytesException) {
    request.res?.setHeader('Retry-After', 1);
  }
  setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
  return error;
}
