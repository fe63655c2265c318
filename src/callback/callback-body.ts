import {
  BadRequestException,
  HttpException,
  PayloadTooLargeException,
  UnsupportedMediaTypeException,
} from '@nestjs/common';
import bodyParser from 'body-parser';
import type { Request, Response } from 'express';

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

/** A body as it comes. body-parser, which inflates the others, takes longer over one than all else that is done with it here. */
function collect(request: Request, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
      } else {
        request.removeAllListeners('data');
        reject(tooLarge(limit, request));
      }
    });
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.once('error', () => reject(new BadRequestException('The body could not be read')));
  });
}

/**
 * Makes a reader of request bodies: the bytes, inflated where they come compressed.
 * @param limit bytes, after inflation
 */
export function bodyReader(limit: number): (request: Request) => Promise<Buffer> {
  const read = bodyParser.raw({ type: () => true, limit });
  return async (request) => {
    if (!isJson(request.headers['content-type'] ?? '')) {
      throw new UnsupportedMediaTypeException('The body must come as application/json, in UTF-8');
    }
    if (Number(request.headers['content-length']) > limit) {
      throw tooLarge(limit, request);
    }
    if ((request.headers['content-encoding'] ?? 'identity') === 'identity') {
      return collect(request, limit);
    }
    await new Promise<void>((resolve, reject) => {
      read(request, request.res as Response, (error?: HttpError) =>
        error ? reject(refusal(error, limit, request)) : resolve(),
      );
    });
    return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  };
}

/** body-parser's errors, made by http-errors. */
interface HttpError extends Error {
  status: number;
}

/** The answer goes out at once; who sends on all the same, and does not read it, is cut off. */
function tooLarge(limit: number, request: Request): HttpException {
  setTimeout(() => request.complete || request.destroy(), LINGER_MS).unref();
  return new PayloadTooLargeException(`The body is larger than CALLBACK_BODY_LIMIT, ${limit} bytes`);
}

function refusal(error: HttpError, limit: number, request: Request): HttpException {
  switch (error.status) {
    case 413:
      return tooLarge(limit, request);
    case 415:
      return new UnsupportedMediaTypeException('The content encoding must be identity, gzip, deflate or br');
    default:
      return new BadRequestException('The body could not be read');
  }
}
