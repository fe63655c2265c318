import type { Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import {
  BadRequestException,
  HttpException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import type { Request } from 'express';

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
 * @throws an HttpException that says what is wrong with it
 */
export async function readBody(request: Request, limit: number): Promise<Buffer> {
  if (!isJson(request.headers['content-type'] ?? '')) {
    throw new UnsupportedMediaTypeException('The body must come as application/json, in UTF-8');
  }
  if (Number(request.headers['content-length']) > limit) {
    throw tooLarge(limit, request);
  }
  const body = inflate(request);
  // Node reads a body to its end only if nobody has begun to, and the next request is behind it.
  const readOn = () => {
    request.unpipe();
    request.resume();
  };
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    body.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      body.removeAllListeners('data');
      readOn();
      if (body !== request) {
        body.destroy();
      }
      reject(tooLarge(limit, request));
    });
    body.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    body.once('error', () => {
      readOn();
      reject(new BadRequestException('The body could not be read'));
    });
  });
}

/** The answer goes out at once; who sends on all the same, and does not read it, is cut off. */
function tooLarge(limit: number, request: Request): HttpException {
  setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
  return new PayloadTooLargeException(`The body is larger than CALLBACK_BODY_LIMIT, ${limit} bytes`);
}
