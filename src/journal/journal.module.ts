import { Module } from '@nestjs/common';
import { MetricsModule } from '../metrics/metrics.module.js';
import { JournalMetrics } from './journal-metrics.js';
import { JournalService } from './journal.service.js';

/** The journal: callbacks on disk that wait for PostgreSQL. */
@Module({
  imports: [MetricsModule],
  providers: [JournalService, JournalMetrics],
  exports: [JournalService, JournalMetrics],
})
export class JournalModule {}
