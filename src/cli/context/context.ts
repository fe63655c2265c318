import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Config } from '../../config/config.js';
import { readConfig } from '../../config/read-config.js';
import { DatabaseService } from '../../database/database.service.js';
import { EmbeddedPostgresError } from '../../embedded-postgres/embedded-postgres-error.js';
import { EmbeddedPostgres } from '../../embedded-postgres/embedded-postgres.js';
import { createLogger, linesAtOnce, NestLogger } from '../../server/logger.js';
import { CliModule } from './cli.module.js';

/** What a command works with. */
export interface Context {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly app: INestApplicationContext;
}

/** A command that cannot be done; its message says why and what to do. */
export class CommandError extends Error {}

/** Writes a line to stdout. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** How long a command waits for the database, in ms. */
const PATIENCE_MS = 10_000;
const POLL_MS = 50;

/**
 * Opens the database of the service's settings, does the work, and closes it. An embedded PostgreSQL that the running service
 * has is used with it.
 * @param config the settings of the service
 * @param settings that differ: `LOG_LEVEL`, what is logged of the work; `RUN_MIGRATIONS`, whether it may change the tables
 * @throws CommandError where the database cannot be used within 10 s
 */
export async function withContext<T>(
  config: Config,
  settings: Partial<Pick<Config, 'LOG_LEVEL' | 'RUN_MIGRATIONS'>>,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  Object.assign(config, settings);
  const embedded = config.DATABASE_URL ? undefined : await findOrStart(config.DATA_DIR);
  const databaseUrl = config.DATABASE_URL ?? embedded!.url;
  try {
    const app = await NestFactory.createApplicationContext(CliModule.forRoot(config, databaseUrl), {
      logger: new NestLogger(createLogger(config, linesAtOnce)),
      abortOnError: false,
    });
    try {
      await opened(app.get(DatabaseService));
      return await work({ config, databaseUrl, app });
    } finally {
      await app.close();
    }
  } finally {
    await embedded?.stop();
  }
}

/** Waits for the database: not for what waiting does not bring, such as migrations that a command is not to apply. */
async function opened(database: DatabaseService): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await Promise.race([database.opened.then(() => true), sleep(POLL_MS, false)]))) {
    if (Date.now() > end || (database.obstacle !== '' && !database.lacksOnlyPostgres)) {
      throw new CommandError(`The database cannot be used: ${database.obstacle}`);
    }
  }
}

/**
 * The settings of the service, which must say where OpenIM is.
 * @throws ConfigError; CommandError where they do not
 */
export function configWithOpenIm(): Config {
  const config = readConfig();
  if (config.OPENIM_API_URL === undefined) {
    throw new CommandError(
      'OPENIM_API_URL is not set: there is no OpenIM to ask. Set it, with OPENIM_SECRET',
    );
  }
  return config;
}

/** A signal that Ctrl-C and SIGTERM give; a second one ends the process at once. */
export function endSignal(): AbortSignal {
  const end = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (end.signal.aborted) {
        process.exit(130);
      }
      end.abort(new CommandError('Interrupted; what was read is kept'));
    });
  }
  return end.signal;
}

async function findOrStart(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  try {
    return await EmbeddedPostgres.start(dataDir);
  } catch (error) {
    if (error instanceof EmbeddedPostgresError && error.runningUrl !== undefined) {
      return { url: error.runningUrl, stop: () => Promise.resolve() };
    }
    throw error;
  }
}
