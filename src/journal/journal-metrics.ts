import { Injectable } from '@nestjs/common';
import { Counter, Gauge, type Registry } from 'prom-client';
import { Config } from '../config/config.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { JournalService } from './journal.service.js';

/** Metrics of the journal. */
@Injectable()
export class JournalMetrics {
  private readonly applied: Counter;

  constructor({ registry }: MetricsService, journal: JournalService, config: Config) {
    gauge(
      registry,
      'open',
      '1 while the journal takes callbacks; 0: JOURNAL is off, DATA_DIR cannot be used, or it is full',
      () => Number(journal.isAccepting),
    );
    gauge(registry, 'entries', 'Callbacks that wait in the journal for PostgreSQL', () => journal.waiting);
    gauge(registry, 'groups', 'Groups of which callbacks wait in the journal', () => journal.groups.size);
    gauge(registry, 'bytes', 'Size of the journal on disk', () => journal.bytes);
    gauge(registry, 'limit_bytes', 'JOURNAL_LIMIT', () => config.JOURNAL_LIMIT);
    gauge(
      registry,
      'oldest_timestamp_seconds',
      'When the first callback that waits in the journal was received; 0: none waits',
      () => (journal.groups.oldestReceivedAt ?? 0) / 1000,
    );
    this.applied = new Counter({
      name: 'openim_journal_applied_total',
      help: 'Callbacks that left the journal: written to PostgreSQL, or found to be there already',
      registers: [registry],
    });
    const quarantined = new Counter({
      name: 'openim_journal_quarantined_total',
      help: 'Entries of the journal that could not be applied and are kept in the file quarantine, by reason',
      labelNames: ['reason'],
      registers: [registry],
      collect() {
        this.reset();
        journal.quarantined.forEach((entries, reason) => quarantined.inc({ reason }, entries));
      },
    });
  }

  /** Counts entries that left the journal. */
  countApplied(entries: number): void {
    this.applied.inc(entries);
  }
}

function gauge(registry: Registry, name: string, help: string, read: () => number): Gauge {
  return new Gauge({
    name: `openim_journal_${name}`,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
