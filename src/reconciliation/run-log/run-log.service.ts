import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { ReconciliationRun, type RunKind } from './reconciliation-run.entity.js';

/** Removes runs older than a week. A backfill that is done stays: it proves that all groups were read. */
const REMOVE_OLD = `
  DELETE FROM reconciliation_runs WHERE started_at < now() - interval '7 days' AND NOT (kind = 'backfill' AND state = 'done')`;

const REQUEST = `
  INSERT INTO reconciliation_runs (id, kind, state, started_at) VALUES ($1, $2, 'requested', clock_timestamp())
  ON CONFLICT (kind) WHERE state = 'requested' DO NOTHING`;

const BEGIN = `
  INSERT INTO reconciliation_runs (id, kind, state, started_at) VALUES ($1, $2, 'running', clock_timestamp())
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at`;

/** The counts and the problem of a run. */
export type RunFigures = Pick<
  ReconciliationRun,
  'groups' | 'groupsRead' | 'groupsFailed' | 'members' | 'differences' | 'requests' | 'problem'
>;

/** The table of runs, with their requests, progress and outcomes. All replicas read it. */
@Injectable()
export class RunLogService {
  constructor(@InjectRepository(ReconciliationRun) private readonly runs: Repository<ReconciliationRun>) {}

  /** Requests a run. @returns the run, or an earlier request of its kind that waits */
  async request(kind: RunKind): Promise<ReconciliationRun> {
    await this.runs.query(REQUEST, [uuidv7(), kind]);
    return (
      (await this.runs.findOneBy({ kind, state: 'requested' })) ??
      this.runs.findOneOrFail({ where: { kind }, order: { startedAt: 'DESC', id: 'DESC' } })
    );
  }

  /** Returns the kind of the oldest request. */
  async requested(): Promise<RunKind | undefined> {
    const run = await this.runs.findOne({ where: { state: 'requested' }, order: { startedAt: 'ASC' } });
    return run?.kind;
  }

  /** Whether a backfill is done: all groups were read at least once. */
  async hasBackfill(): Promise<boolean> {
    return this.runs.existsBy({ kind: 'backfill', state: 'done' });
  }

  /** Starts the requested run of a kind, or a new one. */
  async begin(kind: RunKind): Promise<{ id: string; isRequested: boolean }> {
    const requested = await this.runs.findOneBy({ kind, state: 'requested' });
    const id = requested?.id ?? uuidv7();
    await this.runs.query(BEGIN, [id, kind]);
    return { id, isRequested: requested !== null };
  }

  /** Stores the figures of a run in progress. */
  async progress(id: string, figures: RunFigures): Promise<void> {
    await this.runs.update(id, figures);
  }

  /** Ends a run, unless another process has taken it over as abandoned. */
  async end(id: string, state: 'done' | 'failed' | 'interrupted', figures: RunFigures): Promise<void> {
    const { groups, groupsRead, groupsFailed, members, differences, requests, problem } = figures;
    await this.runs.update(
      { id, state: 'running' },
      {
        groups,
        groupsRead,
        groupsFailed,
        members,
        differences,
        requests,
        problem,
        state,
        endedAt: () => 'clock_timestamp()',
      },
    );
    await this.runs.query(REMOVE_OLD);
  }

  /**
   * Requests an unfinished run again.
   * @returns false where another one of its kind is requested already
   */
  async requestAgain(id: string, figures: RunFigures): Promise<boolean> {
    const { raw } = await this.runs
      .createQueryBuilder()
      .update({ ...figures, state: 'requested', startedAt: () => 'clock_timestamp()' })
      .where(`id = :id AND state = 'running'`, { id })
      .andWhere(
        `NOT EXISTS (SELECT FROM reconciliation_runs o WHERE o.kind = reconciliation_runs.kind AND o.state = 'requested')`,
      )
      .returning('id')
      .execute();
    return (raw as unknown[]).length > 0;
  }

  /** Ends the runs that another process left running. A full run is requested again, since a person waits for it. */
  async takeOverAbandoned(): Promise<void> {
    for (const { id, kind, ...figures } of await this.runs.findBy({ state: 'running' })) {
      if (kind !== 'full' || !(await this.requestAgain(id, figures))) {
        await this.end(id, 'interrupted', figures);
      }
    }
  }

  get(id: string): Promise<ReconciliationRun | null> {
    return this.runs.findOneBy({ id });
  }

  /** Returns the latest runs, and each older one that has not ended, newest first: a backfill outlasts many resyncs. */
  async latest(limit: number): Promise<ReconciliationRun[]> {
    const order = { startedAt: 'DESC', id: 'DESC' } as const;
    const latest = await this.runs.find({ order, take: limit });
    const unended = await this.runs.find({ where: { state: In(['requested', 'running']) }, order });
    const ids = new Set(latest.map(({ id }) => id));
    return [...latest, ...unended.filter(({ id }) => !ids.has(id))];
  }
}
