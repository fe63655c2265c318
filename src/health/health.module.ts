import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { JournalModule } from '../journal/journal.module.js';
import { HealthController } from './health.controller.js';

/** Liveness and readiness. */
@Module({
  imports: [TerminusModule.forRoot({ logger: false }), JournalModule],
  controllers: [HealthController],
})
export class HealthModule {}
