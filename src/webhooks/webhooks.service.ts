import { BadRequestException, Injectable, NotFoundException } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { ChangesService } from '../changes/changes.service.js';
import { BEGINNING, before, decodeFeedCursor, encodeFeedCursor } from '../changes/feed-cursor.js';
import { Config } from '../config/config.js';
import { endpointsOf } from './endpoint.js';
import { HeldGroup } from './held-group.entity.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import { WebhookStore } from './webhook-store.js';
import type { RewindQuery, WebhookEndpointDto } from './webhooks.dto.js';

/** The first position of the changes that were recorded at $1 or later. */
const POSITION_AT = 'SELECT min(position)::text AS position FROM group_changes WHERE recorded_at >= $1';

/** Shows and rewinds the endpoints. */
@Injectable()
export class WebhooksService {
  /** The ids of the endpoints in the settings. */
  private readonly ids: Set<string>;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly changes: ChangesService,
    private readonly store: WebhookStore,
    config: Config,
  ) {
    this.ids = new Set(endpointsOf(config).map(({ id }) => id));
  }

  /** Lists the endpoints that are or were in the settings. */
  async list(): Promise<WebhookEndpointDto[]> {
    const endpoints = await this.dataSource
      .getRepository(WebhookEndpoint)
      .find({ order: { url: 'ASC', id: 'ASC' } });
    return Promise.all(endpoints.map((endpoint) => this.describe(endpoint)));
  }

  /**
   * Makes an endpoint go on at another place, also where it is stopped. Its held groups are released.
   * @throws BadRequestException for a place that is none; GoneException for one whose changes are no longer kept; NotFoundException
   */
  async rewind(id: string, { since, moment }: RewindQuery): Promise<WebhookEndpointDto> {
    if ((since === undefined) === (moment === undefined)) {
      throw new BadRequestException(['since or moment is needed: where the endpoint goes on']);
    }
    const { epoch, next } =
      since === undefined ? await this.at(moment!) : await this.changes.read(since, { limit: 1 });
    const cursor = since === undefined || since === 'now' ? encodeFeedCursor(epoch, next) : since;
    if (!(await this.store.rewind(id, cursor))) {
      throw new NotFoundException('No endpoint of webhooks has this id');
    }
    const endpoint = await this.dataSource.getRepository(WebhookEndpoint).findOneByOrFail({ id });
    return this.describe(endpoint);
  }

  /** The place before the changes of a moment; the end of the feed where there are none. */
  private async at(moment: Date): Promise<{ epoch: string; next: typeof BEGINNING }> {
    const [row] = await this.dataSource.query<{ position: string | null }[]>(POSITION_AT, [moment]);
    const end = await this.changes.readAfter('now', { limit: 1 });
    return { epoch: end.epoch, next: row?.position ? before(row.position) : end.next };
  }

  private async describe(endpoint: WebhookEndpoint): Promise<WebhookEndpointDto> {
    const { id, url, cursor, receivedAt, failingSince, lastError, lastErrorAt, stoppedReason } = endpoint;
    const [held, next] = await Promise.all([
      this.dataSource.getRepository(HeldGroup).find({ where: { endpointID: id }, order: { groupID: 'ASC' } }),
      this.changes.readAfter(decodeFeedCursor(cursor) ?? BEGINNING, { limit: 1 }),
    ]);
    const [oldest] = next.changes;
    return {
      id,
      url,
      state: !this.ids.has(id)
        ? 'removed'
        : stoppedReason !== null
          ? 'stopped'
          : failingSince !== null
            ? 'failing'
            : 'active',
      cursor,
      lagSeconds: oldest ? Math.max(Date.now() - oldest.recordedAt.getTime(), 0) / 1000 : 0,
      receivedAt: receivedAt?.toISOString() ?? null,
      failingSince: failingSince?.toISOString() ?? null,
      lastError,
      lastErrorAt: lastErrorAt?.toISOString() ?? null,
      stoppedReason,
      skipped: Number(endpoint.skipped),
      heldGroups: held.map(({ groupID, revision, attempts, since, nextAttemptAt, lastError: problem }) => ({
        groupID,
        revision: Number(revision),
        attempts,
        since: since.toISOString(),
        nextAttemptAt: nextAttemptAt.toISOString(),
        lastError: problem,
      })),
    };
  }
}
