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
  'groups' | 'groupsRead' | 'members' | 'repairs' | 'requests' | 'problem'
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

  /** Begins a run: the one that was asked for, or a new one. */
  async begin(kind: RunKind): Promise<string> {
    const requested = await this.runs.findOneBy({ kind, state: 'requested' });
    const id = requested?.id ?? uuidv7();
    await this.runs.query(BEGIN, [id, kind]);
    return id;
  }

  /** Notes how far it is. */
  async progress(id: string, figures: RunFigures): Promise<void> {
    await this.runs.update(id, figures);
  }

  /** Writes down what came of it, unless another process has taken it for abandoned. */
  async end(id: string, state: 'done' | 'failed' | 'interrupted', figures: RunFigures): Promise<void> {
    await this.runs.update(
      { id, state: 'running' },
      { ...figures, state, endedAt: () => 'clock_timestamp()' },
    );
    await this.runs.query(REMOVE_OLD);
  }

  /** Those that a process left unended: there is only one at a time, and it is not running any more. */
  async interruptAbandoned(): Promise<void> {
    await this.runs.update(
      { state: 'running' },
      { state: 'interrupted', endedAt: () => 'clock_timestamp()' },
    );
  }

  get(id: string): Promise<ReconciliationRun | null> {
    return this.runs.findOneBy({ id });
  }

  /** The latest, newest first. */
  latest(limit: number): Promise<ReconciliationRun[]> {
    return this.runs.find({ order: { startedAt: 'DESC', id: 'DESC' }, take: limit });
  }
}
