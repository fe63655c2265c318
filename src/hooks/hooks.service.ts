import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DRIFT_ROWS } from '../changes/drift.js';
import type { DriftKind } from '../changes/group-change.entity.js';
import { HOOKS_OF_DRIFT } from './hooks-of-drift.js';
import { MISSED_CALLBACKS } from './missed-callbacks.js';
import { PROBE_PREFIX } from './probe-groups.js';

/** Callbacks of the last day that were lost, for changes that some hooks report. */
export interface LostCallbacks {
  /** Keys in OpenIM's `webhooks.yml`. */
  readonly hooks: readonly string[];
  /** Lower bound of the lost callbacks. */
  readonly lost: number;
  /** Callbacks of these hooks that arrived. */
  readonly arrived: number;
}

/** Whether no callback of the hooks arrived: they are off, or OpenIM does not reach the service. */
export const isSilent = ({ arrived }: Pick<LostCallbacks, 'arrived'>): boolean => arrived === 0;

const LOST = `
  SELECT kind, sum(${MISSED_CALLBACKS})::float8 AS lost FROM ${DRIFT_ROWS}
  WHERE found_at >= now() - interval '1 day' AND NOT starts_with(group_id, '${PROBE_PREFIX}')
  GROUP BY 1 HAVING sum(r.missed_callbacks) > 0 ORDER BY 1`;

/** Number of callbacks of some commands that arrived within the last day. */
const ARRIVED = `
  SELECT count(*)::float8 AS arrived FROM callback_deliveries
  WHERE command = ANY ($1) AND received_at >= now() - interval '1 day' AND outcome IN ('applied', 'unchanged')`;

const BEFORE = `
  SELECT command, max(received_at) AS "receivedAt" FROM callback_deliveries
  WHERE outcome = 'ignored' AND received_at > now() - interval '1 day' AND command ILIKE 'callbackBefore%' GROUP BY 1 ORDER BY 1`;

/** A command by which OpenIM asks before users act, and when it came last. */
export interface BeforeCommand {
  readonly command: string;
  readonly receivedAt: Date;
}

/** Reads how the hooks of OpenIM work, from what arrived and what reconciliation found. */
@Injectable()
export class HooksService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Reads the hooks that lost callbacks within the last day. */
  async readLost(): Promise<LostCallbacks[]> {
    const drift = await this.dataSource.query<{ kind: DriftKind; lost: number }[]>(LOST);
    return Promise.all(
      drift
        .filter(({ lost }) => lost > 0)
        .map(async ({ kind, lost }) => {
          const hooks = HOOKS_OF_DRIFT[kind] ?? [];
          const [row] = await this.dataSource.query<[{ arrived: number }]>(ARRIVED, [
            hooks.map(({ command }) => command),
          ]);
          return { hooks: hooks.map(({ key }) => key), lost, arrived: row.arrived };
        }),
    );
  }

  /** Reads the commands of the last day by which OpenIM asks before users act. */
  readBefore(): Promise<BeforeCommand[]> {
    return this.dataSource.query(BEFORE);
  }
}
