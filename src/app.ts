import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { NestLogger, requestLogger } from './logger.js';
import { serveOpenApi } from './openapi.js';

/**
 * How long an idle connection stays open, in ms. Go does not send a POST again whose connection was closed under it, and OpenIM
 * does not either: the callback is lost. So longer than OpenIM is likely to be silent, and than a proxy's usual 60 s.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** How long a request may take to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Builds the service without starting it: what `main.ts` and the tests start.
 * @param databaseUrl where PostgreSQL is: `DATABASE_URL`, or the embedded one
 */
export async function createApp(
  config: Config,
  databaseUrl: string,
  logger: Logger,
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule.forRoot(config, databaseUrl), {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  app.set('etag', false);
  app.use(plainPath);
  app.use(requestLogger(logger));
  // The pages of /docs are asked for over plain HTTP where no proxy ends TLS: nothing may turn their links into https.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  serveOpenApi(app);

  const server = app.getHttpServer();
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.headersTimeout = KEEP_ALIVE_TIMEOUT_MS + 5_000;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return app;
}

/**
 * OpenIM puts `/` and the command behind the url of `webhooks.yml`: where that ends in a slash there are two. A proxy may send the
 * whole url where the path belongs, and somebody may put a token into a query, which means nothing here: what is left under `/callback`
 * is the path, before anything is logged.
 */
function plainPath(request: Request, _response: Response, next: NextFunction): void {
  const url = request.url.replace(/^https?:\/\/[^/?]*/i, '') || '/';
  const [path = ''] = url.split('?');
  request.url = /^\/+callback(\/|$)/i.test(path) ? path.replace(/\/{2,}/g, '/') : url;
  request.originalUrl = request.url;
  next();
}
