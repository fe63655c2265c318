import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { EmbeddedPostgresError } from '../../embedded-postgres/embedded-postgres-error.js';
import { EmbeddedPostgres } from '../../embedded-postgres/embedded-postgres.js';
import { createLogger, linesAtOnce, NestLogger } from '../../server/logger.js';
import { CliModule } from './cli.module.js';
import { withTimeout } from '../../waiting/with-timeout.js';

/** The service's database and providers, for a command. */
export interface Context {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly app: INestApplicationContext;
}

/** A command failed. The message contains the reason and what to do. */
export class CommandError extends Error {}

/** Writes a line to stdout. */
export const printLine = (line: string): void => void process.stdout.write(`${line}\n`);

/** Time for which a command waits for the database, in ms. */
const DATABASE_TIMEOUT_MS = 10_000;
/** Interval of the checks for a reason that waiting does not remove, in ms. */
const POLL_MS = 50;

/**
 * Opens the database of the service, does the work, and closes it. The embedded PostgreSQL of a running service is shared with it.
 * @param config the settings of the service
 * @param settings settings that override them: the level of the log, and whether migrations may be applied
 * @throws CommandError where the database cannot be used within 10 s
 */
export async function withContext<T>(
  config: Config,
  settings: Partial<Pick<Config, 'LOG_LEVEL' | 'RUN_MIGRATIONS'>>,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  Object.assign(config, settings);
  const embedded = config.DATABASE_URL ? undefined : await startOrShare(config.DATA_DIR);
  const databaseUrl = config.DATABASE_URL ?? embedded!.url;
  try {
    const app = await NestFactory.createApplicationContext(CliModule.forRoot(config, databaseUrl), {
      logger: new NestLogger(createLogger(config, linesAtOnce)),
      abortOnError: false,
    });
    try {
      await waitForDatabase(app.get(DatabaseService));
      return await work({ config, databaseUrl, app });
    } finally {
      await app.close();
    }
  } finally {
    await embedded?.stop();
  }
}

/** Waits for the database, unless it needs the operator, as for a pending migration. */
async function waitForDatabase(database: DatabaseService): Promise<void> {
  const end = Date.now() + DATABASE_TIMEOUT_MS;
  const opened = database.opened.then(() => true);
  while (!(await withTimeout(opened, POLL_MS, () => false))) {
    if (Date.now() > end || (database.notReadyReason !== '' && !database.isWaitingForPostgres)) {
      throw new CommandError(`The database cannot be used: ${database.notReadyReason}`);
    }
  }
}

/**
 * Reads the settings of the service for a command that needs OpenIM.
 * @throws ConfigError for a wrong setting; CommandError where OPENIM_API_URL is not set
 */
export function configWithOpenIm(): Config {
  const config = readConfig();
  if (config.OPENIM_API_URL === undefined) {
    throw new CommandError(
      'OPENIM_API_URL is not set: set it, with OPENIM_SECRET, to the REST API of OpenIM',
    );
  }
  return config;
}

/** Time within which one Ctrl-C arrives twice, from the terminal and from npm, in ms. */
const TWICE_MS = 1000;

/** Returns a signal that Ctrl-C and SIGTERM abort. Another one, a second later, ends the process at once. */
export function endSignal(): AbortSignal {
  const end = new AbortController();
  let interruptedAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interruptedAt ??= Date.now();
      if (Date.now() - interruptedAt > TWICE_MS) {
        process.exit(130);
      }
      end.abort(new CommandError('Interrupted; the groups read so far are kept'));
    });
  }
  return end.signal;
}

/** Starts the embedded PostgreSQL, or finds the one of a running service. */
async function startOrShare(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  try {
    return await EmbeddedPostgres.start(dataDir);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError && error.runningUrl !== undefined) {
      return { url: error.runningUrl, stop: () => Promise.resolve() };
    }
    throw error;
  }
}
