import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { JournalModule } from '../journal/journal.module.js';
import { BodyBudget } from './parsing/body-budget.js';
import { CallbackConcurrencyLimit } from './journaling/callback-concurrency-limit.js';
import { CallbackMetrics } from './callback-metrics.js';
import { CallbackParser } from './parsing/callback-parser.service.js';
import { CallbackController } from './callback.controller.js';
import { CallbackPipe } from './callback.pipe.js';
import { CallbackWriter } from './journaling/callback-writer.service.js';
import { JournalReplay } from './journaling/journal-replay.service.js';
import { ReplayWriter } from './journaling/replay-writer.service.js';
import { ReplayController } from './replay/replay.controller.js';
import { ReplayService } from './replay/replay.service.js';
import { RejectedDeliveries } from './rejected-deliveries.service.js';

/** What OpenIM tells. */
@Module({
  imports: [AuthModule, GroupsModule, DeliveriesModule, JournalModule, MetricsModule],
  controllers: [CallbackController, ReplayController],
  providers: [
    CallbackMetrics,
    CallbackPipe,
    CallbackParser,
    BodyBudget,
    CallbackConcurrencyLimit,
    CallbackWriter,
    JournalReplay,
    ReplayWriter,
    RejectedDeliveries,
    ReplayService,
  ],
})
export class CallbackModule {}
