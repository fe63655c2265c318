import { randomBytes } from 'node:crypto';
import { DataSource, QueryFailedError } from 'typeorm';
import { readConfig } from '../../config/read-config.js';
import { CREATE_VIEWS, VIEWS_SCHEMA } from '../../postgres/reporting-views.js';
import { CommandError, printLine, withContext } from '../context/context.js';

/** Longest statement of a reader: a report must not hold back the removal of old rows for hours. */
const STATEMENT_TIMEOUT = '5min';

/**
 * Creates a role that may read the views for reports and nothing else, and prints its password; a role that exists gets the privilege alone.
 * @throws CommandError where PostgreSQL refuses it to the role of the service
 */
export async function grantReader(name: string): Promise<void> {
  await withContext(readConfig(), { LOG_LEVEL: 'warn', RUN_MIGRATIONS: false }, async ({ app }) => {
    const dataSource = app.get(DataSource);
    try {
      await dataSource.transaction(async (manager) => {
        const run = <T>(sql: string, parameters?: unknown[]): Promise<T> => manager.query(sql, parameters);
        const [{ exists, role, schema }] = await run<[{ exists: boolean; role: string; schema: string }]>(
          `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS exists, quote_ident($1) AS role, quote_ident(${VIEWS_SCHEMA}) AS schema`,
          [name],
        );
        await run(CREATE_VIEWS);
        const password = randomBytes(24).toString('base64url');
        if (!exists) {
          await run(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`);
          await run(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
          await run(`ALTER ROLE ${role} SET statement_timeout = '${STATEMENT_TIMEOUT}'`);
        }
        await run(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
        await run(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
        printLine(
          exists
            ? `The role ${role} may read the views of ${schema}`
            : `The role ${role} with the password ${password} may read the views of ${schema}`,
        );
      });
    } catch (error) {
      throw error instanceof QueryFailedError
        ? new CommandError(
            `The role cannot be created: ${error.message}. The role of the service needs CREATE on the database, and CREATEROLE`,
          )
        : error;
    }
  });
}
