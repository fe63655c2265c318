import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { GroupsModule } from '../groups/groups.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { CallbackMetricsMiddleware } from './callback-metrics.middleware.js';
import { CallbackController } from './callback.controller.js';
import { CallbackPipe } from './callback.pipe.js';

/** What OpenIM tells. */
@Module({
  imports: [GroupsModule, MetricsModule],
  controllers: [CallbackController],
  providers: [CallbackPipe],
})
export class CallbackModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(CallbackMetricsMiddleware).forRoutes(CallbackController);
  }
}
