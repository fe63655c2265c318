import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { exchangeOf } from './callback-exchange.js';
import type { CallbackMetrics } from './callback-metrics.js';
import { isCallback } from './callback-path.js';

/** Makes the middleware that counts every answer under `/callback`, also to paths that no route takes. */
export function measureCallbacks(metrics: CallbackMetrics): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    if (isCallback(request)) {
      const start = performance.now();
      response.once('finish', () => {
        const { command = '', outcome = 'failed' } = exchangeOf(response).log;
        metrics.answered(command, outcome, (performance.now() - start) / 1000);
      });
    }
    next();
  };
}
