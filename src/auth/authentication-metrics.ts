import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

const DOORS = ['callback', 'admin'] as const;

/** What is measured of who is let in. */
@Injectable()
export class AuthenticationMetrics {
  private readonly failures: Counter;

  constructor({ registry }: MetricsService) {
    this.failures = new Counter({
      name: 'openim_authentication_failures_total',
      help: 'Requests without a right token (door callback) or admin key (door admin), and those refused because of too many such',
      labelNames: ['door'],
      registers: [registry],
    });
    DOORS.forEach((door) => this.failures.inc({ door }, 0));
  }

  /** A request was not let in. */
  failed(door: (typeof DOORS)[number]): void {
    this.failures.inc({ door });
  }
}
