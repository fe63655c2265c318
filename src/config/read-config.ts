import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { Config } from './config.js';

/** Error of a configuration that cannot be used; the message names each wrong variable and says what it must be. */
export class ConfigError extends Error {}

/**
 * Reads and validates the settings. Only this file reads the environment.
 * @param environment the variables, `process.env` unless a test passes others
 * @throws ConfigError that names every missing or wrong variable
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(configNames().map((name) => [name, environment[name] || undefined]));
  if (given['NODE_ENV'] === 'production') {
    given['HOST'] ??= '0.0.0.0';
  }
  const config = plainToInstance(Config, given, { exposeDefaultValues: true });
  const problems = validateSync(config, { stopAtFirstError: true }).flatMap((error) =>
    Object.values(error.constraints ?? {}),
  );
  if (problems.length > 0) {
    throw new ConfigError(`The configuration cannot be used: ${problems.join('; ')}`);
  }
  return config;
}

/** Returns the names of all variables, in the order of `Config`. */
export function configNames(): string[] {
  return Object.keys(new Config());
}

/**
 * Whether the standard variables of OpenTelemetry turn traces on. The SDK of OpenTelemetry reads its other variables itself.
 * @param environment the variables, `process.env` unless a test passes others
 */
export function isTracingEnabled(environment: NodeJS.ProcessEnv = process.env): boolean {
  const endpoint =
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const exporter = environment['OTEL_TRACES_EXPORTER'] || (endpoint ? 'otlp' : 'none');
  return exporter === 'otlp' && environment['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true';
}

/** Returns the search path of programs, for a child process. */
export function searchPath(): string | undefined {
  return process.env['PATH'];
}
