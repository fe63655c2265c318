import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { callbackLog } from './callback-log.js';
import { CallbackMetrics } from './callback-metrics.js';

/** Counts every answer to a callback, whatever became of it. */
@Injectable()
export class CallbackMetricsMiddleware implements NestMiddleware {
  constructor(private readonly metrics: CallbackMetrics) {}

  use(_request: Request, response: Response, next: NextFunction): void {
    const start = performance.now();
    response.once('finish', () => {
      const { command = '', outcome = 'failed' } = callbackLog(response);
      this.metrics.answered(command, outcome, (performance.now() - start) / 1000);
    });
    next();
  }
}
