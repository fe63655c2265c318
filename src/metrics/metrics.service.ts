import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** What Prometheus reads: the process's own figures, and the callbacks by command and outcome. */
@Injectable()
export class MetricsService {
  readonly registry = new Registry();

  private readonly callbacks = new Counter({
    name: 'openim_callbacks_total',
    help: 'Callbacks answered, by command (other: not mirrored) and outcome',
    labelNames: ['command', 'outcome'],
    registers: [this.registry],
  });

  private readonly duration = new Histogram({
    name: 'openim_callback_duration_seconds',
    help: 'From the head of a callback to the end of its reply',
    labelNames: ['command'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param seconds how long the answer took */
  countCallback(command: string, outcome: string, seconds: number): void {
    this.callbacks.inc({ command, outcome });
    this.duration.observe({ command }, seconds);
  }
}
