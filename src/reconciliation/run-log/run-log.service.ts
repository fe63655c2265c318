import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { uuidv7 } from 'uuidv7';
import { ReconciliationRun, type RunKind } from './reconciliation-run.entity.js';

/** Runs that found nothing are of interest for so long; the first backfill for ever. */
const REMOVE_OLD = `
  DELETE FROM reconciliation_runs WHERE started_at < now() - interval '7 days' AND NOT (kind = 'backfill' AND state = 'done')`;

const REQUEST = `
  INSERT INTO reconciliation_runs (id, kind, state, started_at) VALUES ($1, $2, 'requested', clock_timestamp())
  ON CONFLICT (kind) WHERE state = 'requested' DO NOTHING`;

const BEGIN = `
  INSERT INTO reconciliation_runs (id, kind, state, started_at) VALUES ($1, $2, 'running', clock_timestamp())
  ON CONFLICT (id) DO UPDATE SET state = excluded.state, started_at = excluded.started_at`;

/** What a run counts, and says. */
export type RunFigures = Pick<
  ReconciliationRun,
  'groups' | 'groupsRead' | 'groupsFailed' | 'members' | 'differences' | 'requests' | 'problem'
>;

/** The record of the runs: what was asked for, what is under way, what came of it. All replicas read it. */
@Injectable()
export class RunLogService {
  constructor(@InjectRepository(ReconciliationRun) private readonly runs: Repository<ReconciliationRun>) {}

  /** Asks for a run; where one of its kind waits already, that one is it. */
  async request(kind: RunKind): Promise<ReconciliationRun> {
    await this.runs.query(REQUEST, [uuidv7(), kind]);
    return (
      (await this.runs.findOneBy({ kind, state: 'requested' })) ??
      this.runs.findOneOrFail({ where: { kind }, order: { startedAt: 'DESC', id: 'DESC' } })
    );
  }

  /** The kind of run that was asked for first, if any was. */
  async requested(): Promise<RunKind | undefined> {
    const run = await this.runs.findOne({ where: { state: 'requested' }, order: { startedAt: 'ASC' } });
    return run?.kind;
  }

  /** Whether all groups have been read once. */
  async hasBackfill(): Promise<boolean> {
    return this.runs.existsBy({ kind: 'backfill', state: 'done' });
  }

  /** Begins a run: the one that was requested, or a new one. */
  async begin(kind: RunKind): Promise<{ id: string; isRequested: boolean }> {
    const requested = await this.runs.findOneBy({ kind, state: 'requested' });
    const id = requested?.id ?? uuidv7();
    await this.runs.query(BEGIN, [id, kind]);
    return { id, isRequested: requested !== null };
  }

  /** Notes how far it is. */
  async progress(id: string, figures: RunFigures): Promise<void> {
    await this.runs.update(id, figures);
  }

  /** Writes down what came of it, unless another process has taken it for abandoned. */
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
   * Requests a run again that did not come to its end, so that it is done when it can be.
   * @returns false where another one of its kind was requested meanwhile
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

  /** Ends the runs that a process left unended; a full run, which somebody waits for, is requested again. */
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

  /** The latest, newest first. */
  latest(limit: number): Promise<ReconciliationRun[]> {
    return this.runs.find({ order: { startedAt: 'DESC', id: 'DESC' }, take: limit });
  }
}
