import { ConflictException, Injectable } from '@nestjs/common';
import { DeliveriesService } from '../../deliveries/deliveries.service.js';
import { Delivery } from '../../deliveries/delivery-log.js';
import { type DeliveryDto, toDeliveryDto } from '../../deliveries/deliveries.dto.js';
import { GroupSyncService } from '../../groups/group-sync.service.js';
import { CallbackParser } from '../parsing/callback-parser.service.js';
import { applyCallback } from '../payloads/callback.js';

/** Applies a delivery of the log once more, as of its arrival: later changes stay. */
@Injectable()
export class ReplayService {
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
}
