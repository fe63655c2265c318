import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository, type SelectQueryBuilder } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../paging.js';
import { CallbackDelivery } from './callback-delivery.entity.js';
import {
  type DeliveriesQuery,
  type DeliveryPage,
  type DeliveryWithBodyDto,
  type TimelinePage,
  toDeliveryDto,
  toTimelineEntryDto,
} from './deliveries.dto.js';
import { type Delivery, LOG_ONLY, type UnwrittenOutcome } from './delivery-log.js';

/** The log of what came in. */
@Injectable()
export class DeliveriesService {
  constructor(
    @InjectRepository(CallbackDelivery) private readonly deliveries: Repository<CallbackDelivery>,
  ) {}

  /** Logs a delivery that wrote nothing. */
  async log(delivery: Delivery, outcome: UnwrittenOutcome, problems: string | null): Promise<void> {
    await this.deliveries.query(LOG_ONLY, [...delivery.parameters(), outcome, problems]);
  }

  /**
   * A page of the log, newest first.
   * @throws BadRequestException for a cursor that is not of this list
   */
  async list(query: DeliveriesQuery): Promise<DeliveryPage> {
    const select = this.newestFirst(query);
    for (const field of ['command', 'groupID', 'outcome'] as const) {
      if (query[field] !== undefined) {
        select.andWhere(`d.${field} = :${field}`, { [field]: query[field] });
      }
    }
    if (query.receivedFrom !== undefined) {
      select.andWhere('d.receivedAt >= :from', { from: new Date(query.receivedFrom) });
    }
    if (query.receivedTo !== undefined) {
      select.andWhere('d.receivedAt < :to', { to: new Date(query.receivedTo) });
    }
    return paged(await select.getMany(), query.limit, toDeliveryDto);
  }

  /**
   * One delivery with its body.
   * @throws NotFoundException for one that is not there, or not any more
   */
  async get(id: string): Promise<CallbackDelivery> {
    const delivery = await this.deliveries
      .createQueryBuilder('d')
      .addSelect('d.body')
      .where('d.id = :id', { id })
      .getOne();
    if (!delivery) {
      throw new NotFoundException(`There is no delivery ${id}`);
    }
    return delivery;
  }

  /** One delivery as staff read it. */
  async read(id: string): Promise<DeliveryWithBodyDto> {
    const delivery = await this.get(id);
    return Object.assign(toDeliveryDto(delivery), { body: delivery.body?.toString() ?? null });
  }

  /**
   * A page of what happened to a group, newest first.
   * @throws BadRequestException for a cursor that is not of this list
   */
  async timeline(groupID: string, query: PageQuery): Promise<TimelinePage> {
    const select = this.newestFirst(query).andWhere('d.groupID = :groupID', { groupID });
    return paged(await select.getMany(), query.limit, toTimelineEntryDto);
  }

  private newestFirst({ limit, cursor }: PageQuery): SelectQueryBuilder<CallbackDelivery> {
    const select = this.deliveries
      .createQueryBuilder('d')
      .orderBy('d.receivedAt', 'DESC')
      .addOrderBy('d.id', 'DESC')
      .limit(limit + 1);
    if (cursor !== undefined) {
      const [receivedAt, id] = decodeCursor(cursor, ['time', 'uuid']);
      select.andWhere('(d.receivedAt, d.id) < (:receivedAt, :id)', {
        receivedAt: new Date(Number(receivedAt)),
        id,
      });
    }
    return select;
  }
}

function paged<Dto>(
  rows: CallbackDelivery[],
  limit: number,
  toDto: (row: CallbackDelivery) => Dto,
): { items: Dto[]; nextCursor: string | null } {
  const { items, nextCursor } = page(rows, limit, ({ receivedAt, id }) => [receivedAt.getTime(), id]);
  return { items: items.map(toDto), nextCursor };
}
