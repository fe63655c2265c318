import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';
import { CALLBACK_OUTCOMES, type CallbackOutcome } from './journaling/callback-outcome.js';
import { CALLBACK_COMMANDS, currentNameOf } from './payloads/callback-commands.js';

/** Label of all commands that are not mirrored. A caller can invent any number of names. */
const OTHER = 'other';
const LABELS = [...CALLBACK_COMMANDS.keys(), OTHER];

/** Metrics of callbacks, by command. */
@Injectable()
export class CallbackMetrics {
  private readonly callbacks: ReadonlyMap<string, ReadonlyMap<CallbackOutcome, Counter.Internal>>;
  private readonly duration: ReadonlyMap<string, Histogram.Internal<string>>;
  private readonly lastReceived: ReadonlyMap<string, Gauge.Internal<string>>;

  constructor({ registry }: MetricsService) {
    const callbacks = new Counter({
      name: 'openim_callbacks_total',
      help: 'Callbacks answered, by command (other: not mirrored) and outcome',
      labelNames: ['command', 'outcome'],
      registers: [registry],
    });
    const duration = new Histogram({
      name: 'openim_callback_duration_seconds',
      help: 'From the head of a callback to the end of its reply',
      labelNames: ['command'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    });
    const lastReceived = new Gauge({
      name: 'openim_callback_last_received_timestamp_seconds',
      help: 'When this process received a callback last, refused ones too; none before the first',
      labelNames: ['command'],
      registers: [registry],
    });
    // prom-client builds a string to find a child by its labels. These maps find it once for each label.
    this.lastReceived = new Map(LABELS.map((command) => [command, lastReceived.labels(command)]));
    this.duration = new Map(LABELS.map((command) => [command, duration.labels(command)]));
    this.callbacks = new Map(
      LABELS.map((command) => [
        command,
        new Map(CALLBACK_OUTCOMES.map((outcome) => [outcome, callbacks.labels(command, outcome)])),
      ]),
    );
    this.callbacks.forEach((outcomes) => outcomes.forEach((counter) => counter.inc(0)));
  }

  /** Records the arrival of a callback, before its authentication. */
  received(command: string): void {
    this.lastReceived.get(labelOf(command))!.set(Date.now() / 1000);
  }

  /**
   * Records the reply to a callback.
   * @param seconds from the head of the request to the end of the reply
   */
  answered(command: string, outcome: CallbackOutcome, seconds: number): void {
    const label = labelOf(command);
    this.callbacks.get(label)!.get(outcome)!.inc();
    this.duration.get(label)!.observe(seconds);
  }
}

function labelOf(command: string): string {
  const name = currentNameOf(command);
  return CALLBACK_COMMANDS.has(name) ? name : OTHER;
}
