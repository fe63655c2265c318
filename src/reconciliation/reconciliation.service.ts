import {
  BadGatewayException,
  ConflictException,
  Injectable,
  Logger,
  NotFoundException,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DRIFT_ROWS } from '../changes/drift.js';
import { STALE } from '../groups/statements/stale.js';
import { isOpenImError } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';
import { StatsService } from '../stats/stats.service.js';
import { GroupReconciler } from './group-reconciler/group-reconciler.service.js';
import { MISSED_CALLBACKS } from '../hooks/missed-callbacks.js';
import {
  type DriftDto,
  type ReconciliationDto,
  type RefreshDto,
  type RunDto,
  toRunDto,
  type WaitingDto,
} from './reconciliation.dto.js';
import type { ReconciliationRun } from './run-log/reconciliation-run.entity.js';
import { RunLogService } from './run-log/run-log.service.js';

const RUNS = 20;

const WAITING = `
  SELECT (SELECT count(*) FROM groups WHERE stale_since IS NOT NULL AND stale_reason <> '${STALE.absent}')::float8 AS stale,
    (SELECT count(*) FROM groups WHERE verified_at IS NULL AND stale_reason IS DISTINCT FROM '${STALE.absent}')::float8 AS "neverRead",
    (SELECT count(*) FROM groups WHERE stale_since IS NOT NULL AND stale_reason = '${STALE.absent}')::float8 AS absent`;

const DRIFT = `
  SELECT kind, sum(differences)::float8 AS differences, sum(${MISSED_CALLBACKS})::float8 AS "missedCallbacks"
  FROM ${DRIFT_ROWS} WHERE found_at >= now() - interval '1 day' GROUP BY 1 ORDER BY 1`;

/** The state of reconciliation, without what is counted among all groups or in the log of deliveries. */
export type ReconciliationState = Omit<ReconciliationDto, 'waiting' | 'receivedCallbacks' | 'lossRate'>;

/** Reads the state of reconciliation, and requests it, in any replica. */
@Injectable()
export class ReconciliationService {
  private readonly logger = new Logger('Reconciliation');

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly openIm: OpenImClient,
    private readonly reconciler: GroupReconciler,
    private readonly runs: RunLogService,
    private readonly stats: StatsService,
  ) {}

  /** Reads the groups that wait, the drift of the last day and the last runs. */
  async read(): Promise<ReconciliationDto> {
    const [state, waiting, deliveries] = await Promise.all([
      this.readState(),
      this.readWaiting(),
      this.stats.readDeliveries(),
    ]);
    const receivedCallbacks = deliveries && countWritten(deliveries);
    const all = receivedCallbacks === null ? null : state.missedCallbacks + receivedCallbacks;
    return { ...state, waiting, receivedCallbacks, lossRate: all ? state.missedCallbacks / all : null };
  }

  /** Reads the same without the counts that may take seconds. */
  async readState(): Promise<ReconciliationState> {
    const [drift, runs] = await Promise.all([
      this.dataSource.query<DriftDto[]>(DRIFT),
      this.runs.latest(RUNS),
    ]);
    return {
      state: this.stateOf(runs),
      drift,
      missedCallbacks: drift.reduce((sum, kind) => sum + kind.missedCallbacks, 0),
      runs: runs.map(toRunDto),
    };
  }

  /** Counts the groups that wait. It takes 0.3 s while a million groups were never read. */
  async readWaiting(): Promise<WaitingDto> {
    const [waiting] = await this.dataSource.query<[WaitingDto]>(WAITING);
    return waiting;
  }

  /**
   * Requests a full run. The leader starts it within seconds.
   * @throws ConflictException where OPENIM_API_URL is not set
   */
  async request(): Promise<RunDto> {
    this.requireOpenIm();
    return toRunDto(await this.runs.request('full'));
  }

  /**
   * Reconciles one group now.
   * @throws ConflictException where OPENIM_API_URL is not set; NotFoundException for a group that neither the mirror nor OpenIM has;
   *   BadGatewayException where OpenIM cannot be read
   */
  async refresh(groupID: string): Promise<RefreshDto> {
    this.requireOpenIm();
    const {
      state,
      reason = null,
      drift,
    } = await this.reconciler.reconcileNow(groupID).catch((error: Error) => {
      if (isOpenImError(error)) {
        this.logger.warn({ err: error, groupID }, 'Group cannot be refreshed');
        throw new BadGatewayException('OpenIM cannot be read; the log of the service has the reason');
      }
      throw error;
    });
    if (state === 'absent' && !(await this.isKnown(groupID))) {
      throw new NotFoundException(`Neither the mirror nor OpenIM has the group ${groupID}`);
    }
    return { groupID, state, reason, drift };
  }

  private stateOf(runs: ReconciliationRun[]): ReconciliationDto['state'] {
    if (!this.openIm.isConfigured) {
      return 'off';
    }
    return runs.some(({ state }) => state === 'running') ? 'running' : 'idle';
  }

  private requireOpenIm(): void {
    if (!this.openIm.isConfigured) {
      throw new ConflictException('OPENIM_API_URL is not set: set it, with OPENIM_SECRET, to reconcile');
    }
  }

  private async isKnown(groupID: string): Promise<boolean> {
    const rows = await this.dataSource.query<unknown[]>('SELECT FROM groups WHERE group_id = $1', [groupID]);
    return rows.length > 0;
  }
}

const countWritten = (deliveries: readonly { outcome: string; lastDay: number }[]): number =>
  deliveries
    .filter(({ outcome }) => outcome === 'applied' || outcome === 'unchanged')
    .reduce((sum, { lastDay }) => sum + lastDay, 0);
