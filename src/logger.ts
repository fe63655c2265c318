import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { Response } from 'express';
import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import { type HttpLogger, pinoHttp } from 'pino-http';
import pretty from 'pino-pretty';
import { callbackLog } from './callback/callback-log.js';
import type { Config } from './config.js';

/**
 * Makes the log: JSON lines on stdout, readable ones in development.
 * @param destination where to instead of stdout
 */
export function createLogger(config: Config, destination?: DestinationStream): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: errorSerializer },
    },
    destination ?? (config.NODE_ENV === 'development' ? readableLines() : pino.destination(1)),
  );
}

const readableLines = (): DestinationStream =>
  pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });

/** The cause of a failure without what the statement carried: TypeORM's errors hold the whole query and its parameters. */
function errorSerializer(error: Error): object {
  const { type, message, stack, ...rest } = stdSerializers.err(error);
  const { code, detail, constraint } = rest as Record<string, unknown>;
  return { type, message, code, detail, constraint, stack };
}

/**
 * Makes the middleware that writes one line for each request, and of a callback what is known of it. No header and no body is
 * logged.
 */
export function requestLogger(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    serializers: {
      // A query under /callback means nothing, and may be a token that somebody put into the wrong place.
      req: ({ method, url }: IncomingMessage) => ({ method, url }),
      res: ({ statusCode }: ServerResponse) => ({ statusCode }),
      err: errorSerializer,
    },
    wrapSerializers: false,
    customAttributeKeys: { responseTime: 'ms' },
    customProps: (_request, response) => callbackLog(response as Response),
    customSuccessMessage: (request, response) => lineOf(request, response),
    customErrorMessage: (request, response) => lineOf(request, response),
    customLogLevel: (_request, response, error) =>
      error || response.statusCode >= 500 ? 'error' : response.statusCode >= 400 ? 'warn' : 'info',
    autoLogging: {
      ignore: ({ url = '' }) =>
        url.startsWith('/health/') || url.startsWith('/metrics') || url.startsWith('/docs'),
    },
  });
}

const lineOf = ({ method, url }: IncomingMessage, response: ServerResponse): string => {
  const { outcome } = callbackLog(response as Response);
  return outcome ? `callback ${outcome}` : `${method} ${url} ${response.statusCode}`;
};

/** Nest tells at each start what it is made of. */
const BUILDERS = ['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'];

/** Nest's own lines, in the same log. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger[BUILDERS.includes(context ?? '') ? 'debug' : 'info']({ context }, String(message));
  }

  error(message: unknown, ...details: string[]): void {
    const [stack, context] = details.length > 1 ? details : [undefined, details[0]];
    this.logger.error({ context, stack }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  debug(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  verbose(message: unknown, context?: string): void {
    this.logger.trace({ context }, String(message));
  }

  fatal(message: unknown, context?: string): void {
    this.logger.fatal({ context }, String(message));
  }
}
