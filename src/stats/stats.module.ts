import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { HooksModule } from '../hooks/hooks.module.js';
import { JournalModule } from '../journal/journal.module.js';
import { StatsController } from './stats.controller.js';
import { StatsService } from './stats.service.js';

/** Counts for the admin API. */
@Module({
  imports: [AdminApiModule, HooksModule, JournalModule],
  controllers: [StatsController],
  providers: [StatsService],
  exports: [StatsService],
})
export class StatsModule {}
