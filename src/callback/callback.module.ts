import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { DeliveriesModule } from '../deliveries/deliveries.module.js';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { CallbackMetrics } from './callback-metrics.js';
import { CallbackMetricsMiddleware } from './callback-metrics.middleware.js';
import { CallbackParser } from './callback-parser.service.js';
import { CallbackController } from './callback.controller.js';
import { CallbackPipe } from './callback.pipe.js';
import { ReplayController } from './replay.controller.js';
import { ReplayService } from './replay.service.js';

/** What OpenIM tells. */
@Module({
  imports: [GroupsModule, DeliveriesModule, MetricsModule],
  controllers: [CallbackController, ReplayController],
  providers: [CallbackMetrics, CallbackPipe, CallbackParser, ReplayService],
})
export class CallbackModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(CallbackMetricsMiddleware).forRoutes(CallbackController);
  }
}
