import { HttpException, Injectable, Logger } from '@nestjs/common';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import type { Delivery, RejectedOutcome } from '../deliveries/delivery-log.js';
import { GroupSyncService } from '../groups/group-sync.service.js';
import { TooManyCallbacksException } from './journaling/callback-concurrency-limit.js';

/** How long an answer waits for the log of what wrote nothing, in ms. */
const PATIENCE_MS = 1000;

/**
 * Logs the deliveries that `GroupSyncService` has not logged with what it wrote: ignored, refused and failed ones. The group
 * that a refused or failed one names needs a look. Where the log cannot be written, the service's own log says so.
 */
@Injectable()
export class RejectedDeliveries {
  private readonly logger = new Logger('Deliveries');

  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly groupSync: GroupSyncService,
  ) {}

  /** Logs a delivery that is not mirrored; waits at most 1 s. */
  async logIgnored(delivery: Delivery): Promise<void> {
    await this.log(delivery, 'ignored', null);
  }

  /** Logs why a delivery was refused or failed; waits at most 1 s. */
  async logFailure(delivery: Delivery, error: unknown): Promise<void> {
    if (error instanceof TooManyCallbacksException) {
      return; // it would have to wait where there is no more room
    }
    await this.log(delivery, outcomeOf(error), problemsOf(error));
  }

  private async log(delivery: Delivery, outcome: RejectedOutcome, problems: string | null): Promise<void> {
    const logged = this.write(delivery, outcome, problems).catch((error: Error) =>
      this.logger.warn(`A delivery of ${delivery.command} is not in the log: ${error.message}`),
    );
    await Promise.race([logged, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())]);
  }

  private async write(delivery: Delivery, outcome: RejectedOutcome, problems: string | null): Promise<void> {
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
