import { Module } from '@nestjs/common';
import { JournalModule } from '../journal/journal.module.js';
import { HealthController } from './health.controller.js';

/** Liveness and readiness. */
@Module({
  imports: [JournalModule],
  controllers: [HealthController],
})
export class HealthModule {}
