import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { adminRequestLog } from '../admin-api/admin-request-log.js';
import { exchangeOf } from '../callback/callback-exchange.js';
import { isCallback } from '../callback/callback-path.js';
import { maskedPath } from './masked-path.js';

/** Returns the route of a request, or the masked path of a request without a route. */
const whereOf = ({ route, originalUrl }: Request): { route: string } | { path: string } =>
  route === undefined ? { path: maskedPath(originalUrl) } : { route: (route as { path: string }).path };

const levelOf = ({ statusCode, writableFinished }: Response): 'error' | 'warn' | 'info' =>
  statusCode >= 500 ? 'error' : statusCode >= 400 || !writableFinished ? 'warn' : 'info';

const errors = new WeakMap<Response, unknown>();

/** Adds an error to the log line of its request. */
export function logErrorOf(response: Response, error: unknown): void {
  errors.set(response, error);
}

/**
 * Creates the middleware that logs one line for each request: a callback with its command and group, an admin request with the number of its
 * key. It logs no header, no body and no part of a url that the caller chose, except the path parameters of an admin request with a valid key.
 */
export function requestLogger(logger: Logger): RequestHandler {
  return (request, response, next) => {
    if (/^\/(health\/|metrics|docs)/.test(request.originalUrl)) {
      return next(); // probes and Prometheus poll these paths
    }
    const start = performance.now();
    const address = request.ip; // undefined after the connection is closed
    response.once('close', () => {
      const callback = exchangeOf(response).log;
      const where = whereOf(request);
      logger[levelOf(response)](
        {
          req: { method: request.method, ...where },
          res: { statusCode: response.statusCode },
          ...callback,
          ...adminRequestLog(response),
          address,
          ms: Math.round(performance.now() - start),
          aborted: response.writableFinished ? undefined : true,
          err: errors.get(response),
        },
        messageOf(request, callback.outcome),
      );
    });
    next();
  };
}

function messageOf(request: Request, outcome: string | undefined): string {
  if (outcome !== undefined) {
    return `callback ${outcome}`;
  }
  if (isCallback(request)) {
    return 'callback not answered';
  }
  return /^\/admin(\/|$)/i.test(request.originalUrl.split('?')[0]!) ? 'admin request' : 'request';
}
