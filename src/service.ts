import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { createApp } from './app.js';
import type { Config } from './config/config.js';
import { ConfigError, isTracingEnabled, readConfig } from './config/read-config.js';
import { DatabaseAccessError } from './database/database-access-error.js';
import { DatabaseService } from './database/database.service.js';
import { DeliveriesService } from './deliveries/deliveries.service.js';
import { EmbeddedPostgresError } from './embedded-postgres/embedded-postgres-error.js';
import { EmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';
import { ListenError, listenError } from './server/listen-error.js';
import { createLogger } from './server/logger.js';
import { logFirstSteps, logWebhooksYml, openDevelopmentAccess } from './server/startup-messages.js';

/** Time for the work in progress to end after SIGTERM or SIGINT, in ms. After it the process exits with code 1. */
const SHUTDOWN_MS = 9_000;

/** Errors whose message says everything that the operator needs; their stacks are not logged. */
const OPERATOR_ERRORS = [DatabaseAccessError, EmbeddedPostgresError, ListenError];

/** Starts the service. Stops it on a signal: first new connections, then the requests in progress, then the database. */
function main(config: Config, logger: Logger): void {
  let embedded: EmbeddedPostgres | undefined;
  let app: NestExpressApplication | undefined;
  let stopTracing: (() => Promise<void>) | undefined;
  let stopping = false;

  const start = async (): Promise<void> => {
    const generatedKey = openDevelopmentAccess(config, logger);
    if (isTracingEnabled()) {
      const { startTracing } = await import('./server/tracing.js');
      stopTracing = startTracing(logger);
    }
    embedded = config.DATABASE_URL
      ? undefined
      : await EmbeddedPostgres.start(config.DATA_DIR, {
          onProgress: (fields, message) => logger.info(fields, message),
          onRestart: (fields, message) => logger.warn(fields, message),
        });
    app = await createApp(config, config.DATABASE_URL ?? embedded!.url, logger);
    await app.listen(config.PORT, config.HOST).catch((error: Error) => {
      throw listenError(config.HOST, config.PORT, error);
    });
    const url = await app.getUrl();
    logger.info({ url }, 'Listening');
    app.get(DatabaseService).opened.then(() => explain(url, generatedKey), fail);
  };
  /** Says how to use the service, and what OpenIM needs while it never called. */
  const explain = async (url: string, generatedKey?: string): Promise<void> => {
    logFirstSteps(config, logger, url, generatedKey);
    if (
      !(await app
        ?.get(DeliveriesService)
        .hasReceived()
        .catch(() => true))
    ) {
      logWebhooksYml(config, logger, url);
    }
  };
  const stop = async (code: number): Promise<void> => {
    if (stopping) {
      return; // on Ctrl-C the terminal and npm each send SIGINT
    }
    stopping = true;
    setTimeout(() => {
      logger.error({ timeoutMs: SHUTDOWN_MS }, 'The work in progress did not end in time; exiting');
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
    const { message: reason } = error as Error;
    const isForOperator = OPERATOR_ERRORS.some((kind) => error instanceof kind);
    logger.fatal({ reason, err: isForOperator ? undefined : error }, 'The service cannot run');
    void stop(1);
  };

  // Node writes warnings of libraries to stderr in a format of its own.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => logger.warn({ warning: name }, message));
  process.on('SIGTERM', () => void stop(0));
  process.on('SIGINT', () => void stop(0));
  const started = start().catch(fail);
}

try {
  const config = readConfig();
  main(config, createLogger(config));
} catch (error) {
  if (!(error instanceof ConfigError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
