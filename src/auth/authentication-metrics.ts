import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

const ENDPOINTS = ['callback', 'admin'] as const;

/** The endpoint that checks the credentials. */
export type Endpoint = (typeof ENDPOINTS)[number];

/** Metrics of authentication. */
@Injectable()
export class AuthenticationMetrics {
  private readonly failures: Counter;

  constructor({ registry }: MetricsService) {
    this.failures = new Counter({
      name: 'openim_authentication_failures_total',
      help: 'Requests with a wrong or missing token (endpoint callback) or admin key (endpoint admin)',
      labelNames: ['endpoint'],
      registers: [registry],
    });
    ENDPOINTS.forEach((endpoint) => this.failures.inc({ endpoint }, 0));
  }

  /** Counts a request without valid credentials. */
  failed(endpoint: Endpoint): void {
    this.failures.inc({ endpoint });
  }
}
