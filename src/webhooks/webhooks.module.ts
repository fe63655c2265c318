import { Module } from '@nestjs/common';
import { AdminApiModule } from '../admin-api/admin-api.module.js';
import { ChangesModule } from '../changes/changes.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { SenderTools } from './sender-tools.js';
import { WebhookMetrics } from './webhook-metrics.service.js';
import { WebhookSenderService } from './webhook-sender.service.js';
import { WebhookStore } from './webhook-store.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksService } from './webhooks.service.js';

/** Sends every change to the endpoints of the settings. */
@Module({
  imports: [AdminApiModule, ChangesModule, MetricsModule],
  controllers: [WebhooksController],
  providers: [WebhookStore, WebhookMetrics, SenderTools, WebhookSenderService, WebhooksService],
})
export class WebhooksModule {}
