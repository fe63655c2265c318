import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

const ENDPOINTS = ['callback', 'admin'] as const;

/** What is measured of who is let in. */
@Injectable()
export class AuthenticationMetrics {
  private readonly failures: Counter;

  constructor({ registry }: MetricsService) {
    this.failures = new Counter({
      name: 'openim_authentication_failures_total',
      help: 'Requests without a right token (endpoint callback) or admin key (endpoint admin), and those refused because of too many such',
      labelNames: ['endpoint'],
      registers: [registry],
    });
    ENDPOINTS.forEach((endpoint) => this.failures.inc({ endpoint }, 0));
  }

  /** A request was not let in. */
  failed(endpoint: (typeof ENDPOINTS)[number]): void {
    this.failures.inc({ endpoint });
  }
}
