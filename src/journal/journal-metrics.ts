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
      '1 while the journal accepts callbacks; 0: JOURNAL is off, DATA_DIR cannot be used, or the journal is full',
      () => Number(journal.isAccepting),
    );
    gauge(registry, 'entries', 'Callbacks that wait in the journal for PostgreSQL', () => journal.waiting);
    gauge(registry, 'groups', 'Groups with callbacks that wait in the journal', () => journal.groups.size);
    gauge(registry, 'bytes', 'Size of the journal on disk, in bytes', () => journal.bytes);
    gauge(
      registry,
      'limit_bytes',
      'Maximum size of the journal, in bytes (JOURNAL_LIMIT)',
      () => config.JOURNAL_LIMIT,
    );
    gauge(
      registry,
      'oldest_timestamp_seconds',
      'When the oldest callback in the journal was received; 0: the journal is empty',
      () => (journal.groups.oldestReceivedAt ?? 0) / 1000,
    );
    this.applied = new Counter({
      name: 'openim_journal_applied_total',
      help: 'Callbacks that left the journal: written to PostgreSQL now, or by an earlier attempt',
      registers: [registry],
    });
    const quarantined = new Counter({
      name: 'openim_journal_quarantined_total',
      help: 'Entries of the journal that could not be applied, by reason; the file quarantine keeps their bytes',
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
