import { createRequire } from 'node:module';
import type { LoggerService } from '@nestjs/common';
import {
  type DestinationStream,
  type Level,
  type Logger,
  pino,
  stdSerializers,
  stdTimeFunctions,
} from 'pino';
import type * as PinoPretty from 'pino-pretty';
import type { Config } from '../config/config.js';
import { redaction } from './redaction.js';

/**
 * Creates the log: JSON lines, or readable ones in development.
 * @param jsonLines the destination of JSON lines
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
 * Writes batches of lines to stdout, outside the event loop: one write for each line would take a tenth of the time of a callback. The process
 * writes the last lines when it exits; kill -9 loses the lines of at most 20 ms.
 */
const linesTogether = (): DestinationStream =>
  pino.destination({ dest: 1, sync: false, minLength: 8 * 1024, periodicFlush: 20 });

/** Writes each line to stdout at once, so that the log of a command and its output stay in order. */
export const linesAtOnce = (): DestinationStream => pino.destination({ dest: 1, sync: true });

/** Loads pino-pretty, which production does not need. */
const readableLines = (): DestinationStream => {
  const pretty = createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty.default;
  return pretty({ sync: true, singleLine: true, translateTime: 'SYS:HH:MM:ss.l' });
};

/** Serializes an error without its statement: TypeORM's errors contain the query and its parameters. */
function errorSerializer(error: Error): object {
  const { type, message, stack, ...rest } = stdSerializers.err(error);
  const { code, detail, constraint } = rest as Record<string, unknown>;
  return { type, message, code, detail, constraint, stack };
}

/** Contexts of the lines with which Nest lists modules and routes at each start. */
const STARTUP_CONTEXTS = [
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
];

/**
 * Nest's `Logger` on pino: `logger.warn('message')`, or with fields as in nestjs-pino, `logger.warn({ groupID }, 'message')`. Nest passes
 * the context as the last argument.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write(STARTUP_CONTEXTS.includes(String(rest.at(-1))) ? 'debug' : 'info', message, rest);
  }

  /** Nest logs an error of `listen` and throws it too: `service.ts` logs it, with what to do. */
  error(message: unknown, ...rest: unknown[]): void {
    this.write(rest.at(-1) === 'NestApplication' ? 'debug' : 'error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  private write(level: Level, message: unknown, rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof message === 'object' && message !== null) {
      this.logger[level]({ context, ...message }, rest.length > 1 ? String(rest[0]) : undefined);
    } else {
      // Nest passes the stack of its own errors between the message and the context.
      const stack = rest.length > 1 ? rest[0] : undefined;
      this.logger[level]({ context, stack }, String(message));
    }
  }
}
