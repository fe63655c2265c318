import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { BadRequestException, PayloadTooLargeException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { Request } from 'express';
import { type BodyShare, LARGE_BYTES, TooManyBytesException } from './body-budget.js';

/** Time until the connection of a refused body is closed, in ms. The sender can read the answer meanwhile. */
const LINGER_MS = 2000;

const INFLATERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Reads the body of a request, and inflates it. Express's reader does not do: it answers only after a refused body has ended
 * (body-parser/lib/read.js, `dump`), it cannot check a budget while bytes arrive, and it copies a large body once more at the end.
 * @param limit bytes after inflation
 * @param share room for the bytes: taken before the first byte where the length is declared, else as bytes arrive
 * @throws HttpException 400, 413 or 415; TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`
 */
export async function readBody(request: Request, limit: number, share: BodyShare): Promise<Buffer> {
  if (!isJson(request.headers['content-type'] ?? '')) {
    throw new UnsupportedMediaTypeException('The body must come as application/json, in UTF-8');
  }
  try {
    const length = Number(request.headers['content-length'] ?? 0);
    requireLimit(length, limit);
    const stream = inflated(request);
    return await receive(request, stream, new ReceivedBody(stream === request ? length : 0, limit, share));
  } catch (error) {
    if (error instanceof TooManyBytesException || error instanceof PayloadTooLargeException) {
      // A sender that goes on sending and does not read the answer is cut off.
      setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
    }
    if (error instanceof TooManyBytesException) {
      request.res?.setHeader('Retry-After', 1);
    }
    throw error;
  }
}

/** Whether a media type is JSON in UTF-8. Go sends `application/json; charset=utf-8`. */
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

/** @throws PayloadTooLargeException over the limit */
function requireLimit(bytes: number, limit: number): void {
  if (bytes > limit) {
    throw new PayloadTooLargeException(`The body is larger than CALLBACK_BODY_LIMIT, ${limit} bytes`);
  }
}

/** @throws UnsupportedMediaTypeException for an unknown content encoding */
function inflated(request: Request): Readable {
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

function receive(request: Request, stream: Readable, body: ReceivedBody): Promise<Buffer> {
  // The next request of the connection follows the body. Node skips an unread body by itself, but not the rest of a body read in part.
  const skipRest = (): void => {
    request.unpipe();
    request.resume();
  };
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      try {
        body.append(chunk);
      } catch (error) {
        stream.removeAllListeners('data');
        skipRest();
        if (stream !== request) {
          stream.destroy();
        }
        reject(error);
      }
    });
    stream.once('end', () => resolve(body.toBuffer()));
    stream.once('error', () => {
      skipRest();
      reject(new BadRequestException('The body could not be read'));
    });
  });
}

/** Bytes of a body that have arrived. */
class ReceivedBody {
  private readonly chunks: Buffer[] = [];
  private readonly whole?: Buffer;
  private length = 0;

  /**
   * @param expected declared bytes of the body. A large body is allocated once then. 0: not declared; chunks are joined at the end, which
   * needs twice the memory
   * @throws TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT`
   */
  constructor(
    expected: number,
    private readonly limit: number,
    private readonly share: BodyShare,
  ) {
    share.grow(expected);
    this.whole = expected >= LARGE_BYTES ? Buffer.allocUnsafeSlow(expected) : undefined;
  }

  /** @throws PayloadTooLargeException over the limit; TooManyBytesException over `CALLBACK_IN_FLIGHT_LIMIT` */
  append(chunk: Buffer): void {
    const length = this.length + chunk.length;
    requireLimit(length, this.limit);
    this.share.grow(length);
    if (this.whole) {
      chunk.copy(this.whole, this.length);
    } else {
      this.chunks.push(chunk);
    }
    this.length = length;
  }

  toBuffer(): Buffer {
    return this.whole ?? (this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks));
  }
}
