import { Injectable, Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { MetricsService } from '../metrics/metrics.service.js';
import { CLOCK_DIFFERENCE_MS } from '../openim/timing.js';
import { poll } from '../waiting/poll.js';
import { HooksService, isSilent } from './hooks.service.js';
import { OpenImClock } from './openim-clock.js';

/** Interval of the checks, in ms. */
const POLL_MS = 60_000;
/** Interval of a warning that still holds, in ms. */
const REMINDER_MS = 86_400_000;

/** Warns of hooks of OpenIM that are off, and of a clock that differs, each once a day. */
@Injectable()
export class HooksMonitor {
  private readonly logger = new Logger('Hooks');
  private readonly silent: Gauge;
  private readonly difference: Gauge;
  private readonly warned = new Map<string, number>();

  constructor(
    { registry }: MetricsService,
    private readonly hooks: HooksService,
    private readonly clock: OpenImClock,
  ) {
    const registers = [registry];
    this.silent = new Gauge({
      name: 'openim_silent_hooks_lost_callbacks',
      help: 'Callbacks of the last day that were lost, of hooks of which none arrived, at least; counted by the leader',
      labelNames: ['hooks'],
      registers,
    });
    this.difference = new Gauge({
      name: 'openim_clock_difference_seconds',
      help: 'The clock of OpenIM minus that of PostgreSQL, measured by the leader; absent before the first answer of OpenIM',
      registers,
    });
    this.difference.remove();
  }

  /** Checks every minute until the signal is aborted. A check that PostgreSQL does not answer is left out. */
  async run(signal: AbortSignal): Promise<void> {
    await poll(POLL_MS, signal, async () => {
      this.checkClock();
      await this.checkHooks().catch(() => undefined);
    });
  }

  private async checkHooks(): Promise<void> {
    const silent = (await this.hooks.readLost()).filter(isSilent);
    this.silent.reset();
    for (const { hooks, lost: lostCallbacks } of silent) {
      this.silent.set({ hooks: hooks.join(',') }, lostCallbacks);
      if (this.isDue(hooks.join(','))) {
        this.logger.warn({ hooks, lostCallbacks }, 'A hook of OpenIM is off, or its callbacks do not arrive');
      }
    }
  }

  private checkClock(): void {
    const { differenceMs } = this.clock;
    if (differenceMs === undefined) {
      return;
    }
    this.difference.set(differenceMs / 1000);
    if (Math.abs(differenceMs) > CLOCK_DIFFERENCE_MS && this.isDue('clock')) {
      this.logger.warn({ differenceMs }, 'The clocks of OpenIM and PostgreSQL differ');
    }
  }

  /** Whether a warning was not logged within the last day. Then it is logged now. */
  private isDue(warning: string): boolean {
    const isDue = Date.now() - (this.warned.get(warning) ?? -Infinity) > REMINDER_MS;
    if (isDue) {
      this.warned.set(warning, Date.now());
    }
    return isDue;
  }
}
