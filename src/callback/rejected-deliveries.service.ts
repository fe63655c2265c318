import { HttpException, Injectable, Logger } from '@nestjs/common';
import type { DeliveryOutcome } from '../deliveries/callback-delivery.entity.js';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import type { Delivery } from '../deliveries/delivery-log.js';
import type { SyncOutcome } from '../groups/group-change.js';
import { GroupSyncService } from '../groups/group-sync.service.js';
import { BeforeCallbacks } from './before-callbacks.js';
import { TooManyCallbacksException } from './journaling/callback-concurrency-limit.js';
import { withTimeout } from '../waiting/with-timeout.js';

/** Longest delay of a reply for its row in the log of deliveries, in ms. */
const TIMEOUT_MS = 1000;

type UnwrittenOutcome = Exclude<DeliveryOutcome, SyncOutcome>;

/**
 * Logs the deliveries that wrote nothing: ignored, rejected and failed ones. `GroupSyncService` logs all others with their changes.
 * The group of a rejected or failed delivery needs reconciling. A delivery that cannot be logged is reported in the service's own log.
 */
@Injectable()
export class RejectedDeliveries {
  private readonly logger = new Logger('Deliveries');

  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly groupSync: GroupSyncService,
    private readonly before: BeforeCallbacks,
  ) {}

  /** Logs a delivery whose command is not mirrored. Resolves within 1 s, logged or not. */
  async logIgnored(delivery: Delivery): Promise<void> {
    this.before.record(delivery.command);
    await this.log(delivery, 'ignored', null);
  }

  /** Logs a rejected or failed delivery with its problems. Resolves within 1 s, logged or not. */
  async logFailure(delivery: Delivery, error: unknown): Promise<void> {
    if (error instanceof TooManyCallbacksException) {
      return; // its row would wait for the same connections
    }
    await this.log(delivery, outcomeOf(error), problemsOf(error));
  }

  private async log(delivery: Delivery, outcome: UnwrittenOutcome, problems: string | null): Promise<void> {
    const { command, operationID, groupID } = delivery;
    const logged = this.write(delivery, outcome, problems).catch((error: unknown) =>
      this.logger.warn({ command, operationID, groupID, outcome, err: error }, 'Delivery cannot be logged'),
    );
    await withTimeout(logged, TIMEOUT_MS, () => undefined);
  }

  private async write(delivery: Delivery, outcome: UnwrittenOutcome, problems: string | null): Promise<void> {
    await this.deliveries.log(delivery, outcome, problems);
    if (outcome !== 'ignored' && delivery.groupID !== null) {
      await this.groupSync.markStaleAfterFailure(delivery.groupID, outcome);
    }
  }
}

const outcomeOf = (error: unknown): 'rejected' | 'failed' =>
  error instanceof HttpException && error.getStatus() < 500 ? 'rejected' : 'failed';

function problemsOf(error: unknown): string {
  if (!(error instanceof HttpException)) {
    return (error as Error).message;
  }
  const { message } = error.getResponse() as { message: string | string[] };
  return [message].flat().join('; ');
}
