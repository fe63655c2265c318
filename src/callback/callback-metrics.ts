import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram } from 'prom-client';
import { OUTCOMES } from '../deliveries/callback-delivery.entity.js';
import { MetricsService } from '../metrics/metrics.service.js';
import type { AnsweredOutcome } from './callback-log.js';
import { CALLBACK_COMMANDS, commandToday } from './payloads/callback-commands.js';

/** The label of all commands that are not mirrored: whoever calls could make up any number of names. */
const OTHER = 'other';
const ANSWERED: readonly AnsweredOutcome[] = [...OUTCOMES, 'journaled'];
const LABELS = [...CALLBACK_COMMANDS.keys(), OTHER];

/** What is measured of callbacks, by command. */
@Injectable()
export class CallbackMetrics {
  private readonly callbacks: ReadonlyMap<string, ReadonlyMap<AnsweredOutcome, Counter.Internal>>;
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
    this.lastReceived = new Map(LABELS.map((command) => [command, lastReceived.labels(command)]));
    // The children are looked up once: by labels, they are looked up by a text that is made of them.
    this.duration = new Map(LABELS.map((command) => [command, duration.labels(command)]));
    this.callbacks = new Map(
      LABELS.map((command) => [
        command,
        new Map(ANSWERED.map((outcome) => [outcome, callbacks.labels(command, outcome)])),
      ]),
    );
    this.callbacks.forEach((outcomes) => outcomes.forEach((counter) => counter.inc(0)));
  }

  /** A callback came, whatever becomes of it. */
  received(command: string): void {
    this.lastReceived.get(labelOf(command))!.set(Date.now() / 1000);
  }

  /** @param seconds how long the answer took */
  answered(command: string, outcome: AnsweredOutcome, seconds: number): void {
    const label = labelOf(command);
    this.callbacks.get(label)!.get(outcome)!.inc();
    this.duration.get(label)!.observe(seconds);
  }
}

function labelOf(command: string): string {
  const today = commandToday(command);
  return CALLBACK_COMMANDS.has(today) ? today : OTHER;
}
