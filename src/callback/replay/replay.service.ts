import { ConflictException, Injectable, Logger, NotFoundException } from '@nestjs/common';
import { DeliveriesService } from '../../deliveries/deliveries.service.js';
import { Delivery } from '../../deliveries/delivery-log.js';
import type { ReplayQuery } from '../../deliveries/deliveries-query.js';
import { type DeliveryDto, toDeliveryDto } from '../../deliveries/deliveries.dto.js';
import { GroupSyncService } from '../../groups/group-sync.service.js';
import { CallbackParser } from '../parsing/callback-parser.service.js';
import { ConnectionError } from '../../postgres/errors.js';
import type { ReplayedPage } from './replay.dto.js';
import { applyCallback } from '../payloads/callback.js';

/** Applies a delivery of the log once more, as of its arrival: later changes stay. */
@Injectable()
export class ReplayService {
  private readonly logger = new Logger('Replay');

  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly parser: CallbackParser,
    private readonly groupSync: GroupSyncService,
  ) {}

  /**
   * Replays one delivery.
   * @returns the delivery of the replay, with its own outcome
   * @throws NotFoundException for an unknown id; ConflictException for a delivery without a body
   */
  async replay(id: string): Promise<DeliveryDto> {
    const original = await this.deliveries.get(id);
    if (original.body === null) {
      throw new ConflictException(`Delivery ${id} cannot be replayed: its body is not kept`);
    }
    const delivery = new Delivery(original.command, original.operationID, original.id);
    const parsed = await this.parser.parse(original.command, original.body);
    if (parsed.kind === 'mirrored') {
      this.parser.describe(delivery, parsed, original.body);
      await applyCallback(this.groupSync, { ...parsed, delivery, receivedAt: original.receivedAt });
    } else {
      delivery.groupID = original.groupID;
      delivery.body = original.body;
      await this.deliveries.log(
        delivery,
        'rejected',
        parsed.kind === 'invalid' ? parsed.problems.join('; ') : 'the command is not mirrored',
      );
    }
    return toDeliveryDto(await this.deliveries.get(delivery.id));
  }

  /**
   * Replays a page of the deliveries that match a query, newest first; each as of its arrival, so that their order is of no weight. Replays
   * themselves, and deliveries without a body, are passed over. One that fails does not stop the others.
   * @throws BadRequestException for a cursor of another list; ConnectionError where PostgreSQL cannot be reached
   */
  async replayPage(query: ReplayQuery): Promise<ReplayedPage> {
    const { items, nextCursor } = await this.deliveries.list(query);
    const outcomes: Record<string, number> = {};
    for (const { id, replayOf } of items) {
      const outcome = replayOf === null ? await this.outcomeOf(id) : 'passedOver';
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    return { outcomes, nextCursor };
  }

  private async outcomeOf(id: string): Promise<string> {
    try {
      return (await this.replay(id)).outcome;
    } catch (error) {
      if (error instanceof ConflictException || error instanceof NotFoundException) {
        return 'passedOver';
      }
      if (error instanceof ConnectionError) {
        throw error;
      }
      this.logger.warn({ err: error, id }, 'A delivery could not be replayed');
      return 'failed';
    }
  }
}
