import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';

/** Metrics of the webhooks that are sent, by endpoint. Only the replica that sends has values. */
@Injectable()
export class WebhookMetrics {
  private readonly attempts: Counter<'endpoint' | 'outcome'>;
  private readonly held: Gauge<'endpoint'>;
  private readonly stopped: Gauge<'endpoint'>;
  /** When the oldest change was recorded that is being sent, by endpoint. */
  private readonly oldest = new Map<string, Date | undefined>();

  constructor({ registry }: MetricsService) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'openim_webhook_attempts_total',
      help: 'Attempts to send a change, by endpoint and outcome: received or failed',
      labelNames: ['endpoint', 'outcome'],
      registers,
    });
    this.held = new Gauge({
      name: 'openim_webhook_held_groups',
      help: 'Groups whose next change the endpoint did not receive yet; at 20 the receiver counts as away',
      labelNames: ['endpoint'],
      registers,
    });
    this.stopped = new Gauge({
      name: 'openim_webhook_stopped',
      help: 'Whether nothing is sent to the endpoint until a rewind',
      labelNames: ['endpoint'],
      registers,
    });
    const { oldest } = this;
    registry.registerMetric(
      new Gauge({
        name: 'openim_webhook_lag_seconds',
        help: 'Age of the oldest change that is being sent, without held groups; 0: all were sent',
        labelNames: ['endpoint'],
        registers: [],
        collect() {
          oldest.forEach((time, endpoint) =>
            this.set({ endpoint }, time ? (Date.now() - time.getTime()) / 1000 : 0),
          );
        },
      }),
    );
  }

  count(endpoint: string, isReceived: boolean): void {
    this.attempts.inc({ endpoint, outcome: isReceived ? 'received' : 'failed' });
  }

  setHeld(endpoint: string, groups: number): void {
    this.held.set({ endpoint }, groups);
  }

  setStopped(endpoint: string, isStopped: boolean): void {
    this.stopped.set({ endpoint }, isStopped ? 1 : 0);
  }

  /** @param recordedAt when the oldest change was recorded that is being sent; undefined: all were sent */
  setOldest(endpoint: string, recordedAt: Date | undefined): void {
    this.oldest.set(endpoint, recordedAt);
  }
}
