import { randomBytes } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { createApp } from './app.js';
import type { Config } from './config/config.js';
import { ConfigError, readConfig, isTracingEnabled } from './config/read-config.js';
import { DatabaseService } from './database/database.service.js';
import { EmbeddedPostgresError } from './embedded-postgres/embedded-postgres-error.js';
import { EmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';
import { ListenError } from './server/listen-error.js';
import { createLogger } from './server/logger.js';

/** What is in flight has this long to end after SIGTERM or SIGINT, in ms; then the process ends all the same. */
const SHUTDOWN_MS = 9_000;

/** Errors whose message is all that the person at the terminal needs. */
const PLAIN = [EmbeddedPostgresError, ListenError];

/** Starts the service, and stops it in order: first the doors, then what is in flight, the database last. */
function main(config: Config, logger: Logger): void {
  let embedded: EmbeddedPostgres | undefined;
  let app: NestExpressApplication | undefined;
  let stopTracing: (() => Promise<void>) | undefined;
  let stopping = false;

  const start = async (): Promise<void> => {
    if (isTracingEnabled()) {
      const { startTracing } = await import('./server/tracing.js');
      stopTracing = startTracing(logger);
    }
    embedded = config.DATABASE_URL
      ? undefined
      : await EmbeddedPostgres.start(config.DATA_DIR, (message) => logger.warn(message));
    app = await createApp(config, config.DATABASE_URL ?? embedded!.url, logger);
    await app.listen(config.PORT, config.HOST).catch((error: Error) => {
      throw new ListenError(config.HOST, config.PORT, error);
    });
    logger.info(`Listening on ${await app.getUrl()}`);
    app.get(DatabaseService).opened.catch(fail);
  };
  const stop = async (code: number): Promise<void> => {
    if (stopping) {
      return; // npm passes a terminal's Ctrl-C on, so that it comes twice
    }
    stopping = true;
    setTimeout(() => {
      logger.error(`Not everything ended within ${SHUTDOWN_MS} ms; ending all the same`);
      process.exit(1);
    }, SHUTDOWN_MS).unref();
    await started;
    const idleConnections = setInterval(() => app?.getHttpServer().closeIdleConnections(), 50);
    await app?.close();
    clearInterval(idleConnections);
    await embedded?.stop();
    await stopTracing?.();
    logger.info('Stopped');
    process.exit(code);
  };
  const fail = (error: unknown): void => {
    const { message } = error as Error;
    const isPlain = PLAIN.some((kind) => error instanceof kind);
    logger.fatal({ err: isPlain ? undefined : error }, `The service cannot run: ${message}`);
    void stop(1);
  };

  // Node writes warnings of libraries to stderr in a format of its own.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => logger.warn({ warning: name }, message));
  process.on('SIGTERM', () => void stop(0));
  process.on('SIGINT', () => void stop(0));
  const started = start().catch(fail);
}

/**
 * Says what a development run leaves open. Production has nothing of it by accident: the configuration asks for the secrets.
 */
function openDoors(config: Config, logger: Logger): void {
  if (config.callbacksAreOpen) {
    logger.warn(
      'CALLBACKS ARE NOT AUTHENTICATED: whoever reaches this port can write groups. Set CALLBACK_TOKEN to change that',
    );
  }
  if (config.ADMIN_API_KEY === undefined) {
    config.ADMIN_API_KEY = [randomBytes(24).toString('base64url')];
    logger.warn(`ADMIN_API_KEY is not set; the key of this run is ${config.ADMIN_API_KEY[0]}`);
  }
}

try {
  const config = readConfig();
  const logger = createLogger(config);
  openDoors(config, logger);
  main(config, logger);
} catch (error) {
  if (!(error instanceof ConfigError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
