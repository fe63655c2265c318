import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { isCallback } from './callback-path.js';
import { callbackLog } from './callback-log.js';
import type { CallbackMetrics } from './callback-metrics.js';

/** Makes the middleware that counts every answer to a callback, whatever became of it: also where no route is. */
export function measureCallbacks(metrics: CallbackMetrics): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (isCallback(request)) {
      const start = performance.now();
      response.once('finish', () => {
        const { command = '', outcome = 'failed' } = callbackLog(response);
        metrics.answered(command, outcome, (performance.now() - start) / 1000);
      });
    }
    next();
  };
}
