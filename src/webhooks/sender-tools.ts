import { Injectable } from '@nestjs/common';
import { ChangePoller } from '../changes/change-poller.service.js';
import { ChangesService } from '../changes/changes.service.js';
import { WebhookMetrics } from './webhook-metrics.service.js';
import { WebhookStore } from './webhook-store.js';

/** What the senders of all endpoints share. */
@Injectable()
export class SenderTools {
  constructor(
    readonly store: WebhookStore,
    readonly changes: ChangesService,
    readonly poller: ChangePoller,
    readonly metrics: WebhookMetrics,
  ) {}
}
