import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { isUUID } from 'class-validator';
import { Not, Repository, type SelectQueryBuilder } from 'typeorm';
import { decodeCursor, page, type PageQuery } from '../admin-api/paging.js';
import { CallbackDelivery, type DeliveryOutcome } from './callback-delivery.entity.js';
import { type DeliveryPage, type DeliveryWithBodyDto, toDeliveryDto } from './deliveries.dto.js';
import { type ReplayQuery } from './deliveries-query.js';
import { type Delivery, LOG_ONLY } from './delivery-log.js';

const NAMED_SINCE = `
  SELECT group_id AS "groupID", max(received_at) AS "receivedAt" FROM callback_deliveries
  WHERE received_at > least($1, now()) - interval '5 seconds' AND group_id IS NOT NULL GROUP BY 1`;

const RECEIVED_AT = `SELECT id, received_at AS "receivedAt" FROM callback_deliveries WHERE id = ANY ($1::uuid[])`;

/** The log of callbacks. */
@Injectable()
export class DeliveriesService {
  constructor(
    @InjectRepository(CallbackDelivery) private readonly deliveries: Repository<CallbackDelivery>,
  ) {}

  /**
   * Logs a delivery that wrote nothing.
   * @param receivedAt when it was received; null: now
   */
  async log(
    delivery: Delivery,
    outcome: Exclude<DeliveryOutcome, 'applied' | 'unchanged'>,
    problems: string | null,
    receivedAt: Date | null = null,
  ): Promise<void> {
    delivery.problems = problems;
    await this.deliveries.query(LOG_ONLY, [...delivery.parameters(), outcome, receivedAt]);
  }

  /** Whether OpenIM ever called. Ignored callbacks do not count: doctor sends them. */
  async hasReceived(): Promise<boolean> {
    return this.deliveries.existsBy({ outcome: Not('ignored') });
  }

  /**
   * Reads when deliveries were received.
   * @param ids ids of deliveries; ids that are not in the log, or are no uuid, are not in the result
   */
  async receivedAt(ids: readonly string[]): Promise<Map<string, Date>> {
    const uuids = ids.filter((id) => isUUID(id));
    const rows =
      uuids.length === 0
        ? []
        : await this.deliveries.query<{ id: string; receivedAt: Date }[]>(RECEIVED_AT, [uuids]);
    return new Map(rows.map(({ id, receivedAt }) => [id, receivedAt]));
  }

  /**
   * Lists deliveries, newest first.
   * @throws BadRequestException for a cursor of another list
   */
  async list(query: ReplayQuery): Promise<DeliveryPage> {
    const select = this.newestFirst(query);
    for (const field of ['command', 'groupID', 'outcome'] as const) {
      if (query[field] !== undefined) {
        select.andWhere(`d.${field} = :${field}`, { [field]: query[field] });
      }
    }
    if (query.receivedFrom !== undefined) {
      select.andWhere('d.receivedAt >= :from', { from: query.receivedFrom });
    }
    if (query.receivedTo !== undefined) {
      select.andWhere('d.receivedAt < :to', { to: query.receivedTo });
    }
    const { entities, raw } = await select.getRawAndEntities<{ exactTime: string }>();
    const rows = entities.map((delivery, index) => ({ delivery, exactTime: raw[index]!.exactTime }));
    const { items, nextCursor } = page(rows, query.limit, ({ delivery, exactTime }) => [
      exactTime,
      delivery.id,
    ]);
    return { items: items.map(({ delivery }) => toDeliveryDto(delivery)), nextCursor };
  }

  /**
   * Reads a delivery with its body.
   * @throws NotFoundException for an unknown delivery
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

  /** Reads a delivery for the admin API. @throws as `get` */
  async read(id: string): Promise<DeliveryWithBodyDto> {
    const delivery = await this.get(id);
    return Object.assign(toDeliveryDto(delivery), { body: delivery.body?.toString() ?? null });
  }

  /**
   * Lists the groups that callbacks of any outcome named recently, with the time of the last callback of each.
   * @param since the list begins 5 s before this time, since a callback may be committed after a later one; null: now, by PostgreSQL's clock
   */
  async groupsNamedSince(since: Date | null): Promise<{ groupID: string; receivedAt: Date }[]> {
    return this.deliveries.query(NAMED_SINCE, [since]);
  }

  private newestFirst({ limit, cursor }: PageQuery): SelectQueryBuilder<CallbackDelivery> {
    const select = this.deliveries
      .createQueryBuilder('d')
      .addSelect('CAST(d.receivedAt AS text)', 'exactTime')
      .orderBy('d.receivedAt', 'DESC')
      .addOrderBy('d.id', 'DESC')
      .limit(limit + 1);
    if (cursor !== undefined) {
      const [receivedAt, id] = decodeCursor(cursor, ['timestamptz', 'uuid']);
      select.andWhere('(d.receivedAt, d.id) < (CAST(:receivedAt AS timestamptz), :id)', { receivedAt, id });
    }
    return select;
  }
}
