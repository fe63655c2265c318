import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { JournalModule } from '../journal/journal.module.js';
import { BeforeCallbacks } from './before-callbacks.js';
import { BodyBudget } from './parsing/body-budget.js';
import { CallbackConcurrencyLimit } from './journaling/callback-concurrency-limit.js';
import { CallbackMetrics } from './callback-metrics.js';
import { CallbackController } from './callback.controller.js';
import { CallbackPipe } from './callback.pipe.js';
import { CallbackWriter } from './journaling/callback-writer.service.js';
import { JournalReplay } from './journaling/journal-replay.service.js';
import { ReplayWriter } from './journaling/replay-writer.service.js';
import { ReplayModule } from './replay/replay.module.js';
import { RejectedDeliveries } from './rejected-deliveries.service.js';

/** Receives callbacks over HTTP, and writes them to PostgreSQL or to the journal. */
@Module({
  imports: [AuthModule, GroupsModule, DeliveriesModule, JournalModule, MetricsModule, ReplayModule],
  controllers: [CallbackController],
  providers: [
    BeforeCallbacks,
    CallbackMetrics,
    CallbackPipe,
    BodyBudget,
    CallbackConcurrencyLimit,
    CallbackWriter,
    JournalReplay,
    ReplayWriter,
    RejectedDeliveries,
  ],
})
export class CallbackModule {}
