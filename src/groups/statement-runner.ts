import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { isConflict } from '../postgres/errors.js';
import {
  inTransaction,
  type PreparedStatement,
  runPrepared,
  withClient,
} from '../postgres/prepared-statement.js';
import { LOCK_GROUP } from './statements/lock-group.js';

/**
 * Number of attempts of a statement that conflicts with other writers of its group. The first ones take no lock. The later ones lock the
 * group's row first, so that short statements cannot make a long one fail again and again.
 */
const OPTIMISTIC_ATTEMPTS = 3;
const ATTEMPTS = 20;

/** Runs statements, each in its own transaction or all in one, and repeats them after a conflict. */
export class StatementRunner {
  /** @param client the connection of the one transaction; undefined: each statement is a transaction */
  constructor(
    private readonly dataSource: DataSource,
    private readonly client?: PoolClient,
  ) {}

  /**
   * Runs work in one transaction: all statements of its runner take effect, or none.
   * @throws the error of the work; the driver's error, also for a conflict with another writer
   */
  async inTransaction(work: (runner: StatementRunner) => Promise<void>): Promise<void> {
    await inTransaction(this.dataSource, (client) => work(new StatementRunner(this.dataSource, client)));
  }

  /**
   * Runs a statement.
   * @param parameters returns the parameters; called when the statement has a connection
   * @param groupID the group whose row is locked after three conflicts; undefined: none
   * @throws the driver's error, also for a conflict after 20 attempts
   */
  async run<Row extends object>(
    statement: PreparedStatement,
    parameters: () => unknown[],
    groupID?: string,
  ): Promise<Row[]> {
    const work = (client: PoolClient): Promise<Row[]> => {
      const values = parameters();
      this.dataSource.logger.logQuery(statement.text, values);
      return runPrepared<Row>(client, statement, values);
    };
    if (this.client) {
      return work(this.client); // a conflict ends its transaction
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await (attempt <= OPTIMISTIC_ATTEMPTS || groupID === undefined
          ? withClient(this.dataSource, work)
          : inTransaction(this.dataSource, async (client) => {
              await runPrepared(client, LOCK_GROUP, [groupID]);
              return work(client);
            }));
      } catch (error) {
        if (!isConflict(error) || attempt === ATTEMPTS) {
          throw error;
        }
      }
    }
  }

  /**
   * Runs the first of some statements that takes the change: each but the last returns no row where it does not.
   * @returns the first row
   * @throws as `run`
   */
  async runFirst<Row extends object>(
    statements: readonly PreparedStatement[],
    parameters: () => unknown[],
    groupID: string,
  ): Promise<Row | undefined> {
    for (const statement of statements) {
      const [row] = await this.run<Row>(statement, parameters, groupID);
      if (row) {
        return row;
      }
    }
    return undefined;
  }
}
