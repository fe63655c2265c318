import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

const ENDPOINTS = ['callback', 'admin'] as const;

/** What credentials are for. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** Metrics of authentication. */
@Injectable()
export class AuthenticationMetrics {
  private readonly failures: Counter;

  constructor({ registry }: MetricsService) {
    this.failures = new Counter({
      name: 'openim_authentication_failures_total',
      help: 'Requests with a wrong token (endpoint callback) or admin key (endpoint admin), or with none',
      labelNames: ['endpoint'],
      registers: [registry],
    });
    ENDPOINTS.forEach((endpoint) => this.failures.inc({ endpoint }, 0));
  }

  /** Counts a request that was not let in. */
  failed(endpoint: Endpoint): void {
    this.failures.inc({ endpoint });
  }
}
