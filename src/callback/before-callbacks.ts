import { Injectable, Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

/** Interval of the warning while such callbacks come, in ms. */
const REMINDER_MS = 3_600_000;

/**
 * Warns of `before...` callbacks. OpenIM waits for their answers before users may act, and refuses what users do while this service is away
 * (internal/rpc/group/callback.go). Nothing here needs them.
 */
@Injectable()
export class BeforeCallbacks {
  private readonly logger = new Logger('Callbacks');
  private readonly counter: Counter;
  private warnedAt = -Infinity;

  constructor({ registry }: MetricsService) {
    this.counter = new Counter({
      name: 'openim_before_callbacks_total',
      help: 'Callbacks by which OpenIM asks before users act; none should come',
      registers: [registry],
    });
  }

  /** Records a callback that is not mirrored. */
  record(command: string): void {
    if (!/^callbackBefore/i.test(command)) {
      return;
    }
    this.counter.inc();
    if (performance.now() - this.warnedAt > REMINDER_MS) {
      this.warnedAt = performance.now();
      this.logger.warn(
        { command },
        'OpenIM asks this service before users act: set enable to false in webhooks.yml',
      );
    }
  }
}
