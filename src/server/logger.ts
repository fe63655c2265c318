import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino, stdSerializers, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config/config.js';
import { redaction } from './redaction.js';

/**
 * Makes the log: JSON lines, readable ones in development.
 * @param jsonLines where JSON lines go
 */
export function createLogger(config: Config, jsonLines: () => DestinationStream = linesTogether): Logger {
  return pino(
    {
      level: config.LOG_LEVEL,
      base: undefined,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { err: errorSerializer },
      hooks: { streamWrite: redaction(config) },
    },
    config.NODE_ENV === 'development' ? readableLines() : jsonLines(),
  );
}

/**
 * To stdout. Lines are written together, off the event loop: a write of its own for each would be a tenth of the work of a callback.
 * Every way out of the process that it knows of writes what is left; kill -9 loses at most the last 20 ms.
 */
const linesTogether = (): DestinationStream =>
  pino.destination({ dest: 1, sync: false, minLength: 8 * 1024, periodicFlush: 20 });

/** To stdout, each line before the next thing is done: a command writes there too, and its words stand where they belong. */
export const linesAtOnce = (): DestinationStream => pino.destination({ dest: 1, sync: true });

const readableLines = (): DestinationStream =>
  pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });

/** The cause of a failure without what the statement carried: TypeORM's errors hold the whole query and its parameters. */
function errorSerializer(error: Error): object {
  const { type, message, stack, ...rest } = stdSerializers.err(error);
  const { code, detail, constraint } = rest as Record<string, unknown>;
  return { type, message, code, detail, constraint, stack };
}

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
