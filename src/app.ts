import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import { CallbackMetrics } from './callback/callback-metrics.js';
import { measureCallbacks } from './callback/measure-callbacks.js';
import { isCallback, plainPath } from './callback/callback-path.js';
import type { Config } from './config/config.js';
import { HttpAdapter } from './server/http-adapter.js';
import { NestLogger } from './server/logger.js';
import { serveOpenApi } from './server/openapi.js';
import { requestLogger } from './server/request-logger.js';

/**
 * Creates the service without starting it, for `service.ts` and the tests.
 * @param databaseUrl `DATABASE_URL`, or the url of the embedded PostgreSQL
 */
export async function createApp(
  config: Config,
  databaseUrl: string,
  logger: Logger,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.forRoot(config, databaseUrl),
    new HttpAdapter(),
    { bodyParser: false, abortOnError: false, logger: new NestLogger(logger) },
  );
  app.set('etag', false);
  app.set('trust proxy', config.TRUSTED_PROXIES);
  app.disable('x-powered-by');
  app.use(plainPath);
  app.use(requestLogger(logger));
  app.use(measureCallbacks(app.get(CallbackMetrics)));
  // Without a TLS proxy browsers load /docs by plain HTTP: its links must not become https.
  const forBrowsers = helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } });
  app.use((request: Request, response: Response, next: NextFunction) =>
    isCallback(request) ? next() : forBrowsers(request, response, next),
  );
  serveOpenApi(app);
  return app;
}
