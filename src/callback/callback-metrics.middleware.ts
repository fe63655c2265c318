import { Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { MetricsService } from '../metrics/metrics.service.js';
import { callbackLog } from './callback-log.js';
import { CALLBACK_COMMANDS, commandToday } from './callback.commands.js';

/** Counts every answer to a callback, whatever became of it. */
@Injectable()
export class CallbackMetricsMiddleware implements NestMiddleware {
  constructor(private readonly metrics: MetricsService) {}

  use(_request: Request, response: Response, next: NextFunction): void {
    const start = performance.now();
    response.once('finish', () => {
      const { command = '', outcome = 'failed' } = callbackLog(response);
      const today = commandToday(command);
      this.metrics.countCallback(
        CALLBACK_COMMANDS.has(today) ? today : 'other',
        outcome,
        (performance.now() - start) / 1000,
      );
    });
    next();
  }
}
