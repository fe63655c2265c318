import { isIP } from 'node:net';
import bytes from 'bytes';
import { plainToInstance, Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsNotEmpty,
  Matches,
  Max,
  Min,
  ValidateBy,
  ValidateIf,
  validateSync,
} from 'class-validator';
import ms, { type StringValue } from 'ms';
import { readDatabaseUrl } from '../postgres/connection-options.js';
import { WholeNumber } from './whole-number.js';

const production = (config: Config): boolean => config.NODE_ENV === 'production';

const Secrets = (message: string): PropertyDecorator =>
  ValidateBy({
    name: 'secrets',
    validator: {
      validate: (secrets) =>
        Array.isArray(secrets) &&
        secrets.length > 0 &&
        secrets.every((secret) => /^\S+$/.test(String(secret))),
      defaultMessage: () => message,
    },
  });

/** @returns what is wrong with it; undefined: nothing */
function problemOfDatabaseUrl(url: unknown): string | undefined {
  try {
    readDatabaseUrl(String(url));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const toBoolean = Transform(({ value }: { value: unknown }) =>
  value === 'true' ? true : value === 'false' ? false : value,
);
const toBytes = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' && /^\d+ ?([kmg]?b)?$/i.test(value) ? bytes.parse(value) : value,
);
const toMs = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' && /^\d+ ?(s|m|h)$/.test(value) ? ms(value as StringValue) : value,
);
const toList = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    : value,
);

/** An address, a network such as `10.0.0.0/8`, or one of Express's names for networks. */
function isNetwork(network: string): boolean {
  const [address = '', bits, ...more] = network.split('/');
  const longest = isIP(address) === 4 ? 32 : 128;
  return (
    ['loopback', 'linklocal', 'uniquelocal'].includes(network) ||
    (isIP(address) > 0 &&
      more.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest)))
  );
}

/** Whether HTTP can be spoken there. fetch takes no user and password in a url, and says the whole url where it refuses. */
function isHttpUrl(url: unknown): boolean {
  if (!URL.canParse(String(url))) {
    return false;
  }
  const { protocol, username, password, search } = new URL(String(url));
  return /^https?:$/.test(protocol) && username + password + search === '';
}

/**
 * Every setting of the service, named as its environment variable. `readConfig` makes it, nothing else reads the environment.
 * An empty variable counts as unset, as docker compose passes unset ones.
 */
export class Config {
  /** `production` makes the database and the secrets below required. */
  @IsIn(['development', 'test', 'production'], {
    message: 'NODE_ENV must be development, test or production',
  })
  readonly NODE_ENV: 'development' | 'test' | 'production' = 'development';

  /** The address to listen on. */
  @IsNotEmpty()
  readonly HOST: string = '127.0.0.1';

  /** The TCP port to listen on; 0 takes a free one. */
  @WholeNumber(0, 65535)
  readonly PORT: number = 3000;

  /** The proxies whose `X-Forwarded-For` is believed: addresses and networks, comma-separated. */
  @toList
  @ValidateBy({
    name: 'networks',
    validator: {
      validate: (networks) => Array.isArray(networks) && networks.map(String).every(isNetwork),
      defaultMessage: () =>
        'TRUSTED_PROXIES must hold addresses or networks, such as 10.0.0.0/8, or loopback, linklocal or uniquelocal',
    },
  })
  readonly TRUSTED_PROXIES: string[] = [];

  /** The database; unset outside production: an embedded PostgreSQL in `DATA_DIR`. */
  @ValidateIf((config: Config) => config.DATABASE_URL !== undefined || production(config))
  @ValidateBy({
    name: 'databaseUrl',
    validator: {
      validate: (url) => problemOfDatabaseUrl(url) === undefined,
      defaultMessage: (args) =>
        `DATABASE_URL must be a postgres:// URL that can be used, and is required in production: this one ${problemOfDatabaseUrl(args?.value)}`,
    },
  })
  readonly DATABASE_URL?: string;

  /** The schema of the tables, created where it does not exist; unset: the first one of the role's search_path, usually `public`. */
  @ValidateIf((config: Config) => config.DATABASE_SCHEMA !== undefined)
  @Matches(/^(?!pg_)[^\0]{1,63}$/u, {
    message:
      'DATABASE_SCHEMA must be the name of a schema: at most 63 characters, and not beginning with pg_',
  })
  readonly DATABASE_SCHEMA?: string;

  /** How many connections one process opens at most. */
  @WholeNumber(1, 1000)
  readonly DATABASE_POOL_SIZE: number = 10;

  /** Where the journal is kept, and the data of the embedded PostgreSQL; each process needs its own. */
  @IsNotEmpty()
  readonly DATA_DIR: string = './data';

  /** Whether callbacks that come while PostgreSQL is away are kept on disk until it is back. */
  @IsIn(['on', 'off'], { message: 'JOURNAL must be on or off' })
  readonly JOURNAL: 'on' | 'off' = 'on';

  /** What these may take on disk, in bytes (written as `256mb`). */
  @toBytes
  @Min(1024 * 1024, { message: 'JOURNAL_LIMIT must be a size of at least 1mb, such as 256mb' })
  readonly JOURNAL_LIMIT: number = 256 * 1024 * 1024;

  /** Apply pending migrations at start, under a lock so that replicas may start together. */
  @toBoolean
  @IsBoolean({ message: 'RUN_MIGRATIONS must be true or false' })
  readonly RUN_MIGRATIONS: boolean = true;

  /** The Basic password that OpenIM sends; several, comma-separated, are valid at once. */
  @toList
  @ValidateIf(
    (config: Config) =>
      config.CALLBACK_TOKEN !== undefined || (production(config) && config.CALLBACK_AUTH !== 'none'),
  )
  @Secrets(
    'CALLBACK_TOKEN must hold a token without spaces, and is required in production unless CALLBACK_AUTH=none',
  )
  readonly CALLBACK_TOKEN?: string[];

  /** `none` turns the authentication of callbacks off. */
  @IsIn(['basic', 'none'], { message: 'CALLBACK_AUTH must be basic or none' })
  readonly CALLBACK_AUTH: 'basic' | 'none' = 'basic';

  /** The `nextCode` of a success reply: 1 as OpenIM's page documents it, 0 for servers that read 1 as a refusal. */
  @WholeNumber(0, 1)
  readonly CALLBACK_NEXT_CODE: 0 | 1 = 1;

  /** The largest callback body accepted, in bytes (written as `16mb`). */
  @toBytes
  @Min(1024, { message: 'CALLBACK_BODY_LIMIT must be a size from 1kb to 512mb, such as 16mb' })
  @Max(512 * 1024 * 1024, { message: 'CALLBACK_BODY_LIMIT must be a size from 1kb to 512mb, such as 16mb' })
  readonly CALLBACK_BODY_LIMIT: number = 16 * 1024 * 1024;

  /** What the bodies of callbacks that are received and written at once may have together, in bytes (written as `64mb`). */
  @toBytes
  @Min(1024 * 1024, { message: 'CALLBACK_IN_FLIGHT_LIMIT must be a size of at least 1mb, such as 64mb' })
  readonly CALLBACK_IN_FLIGHT_LIMIT: number = 64 * 1024 * 1024;

  /** OpenIM's REST API; unset: the mirror lives on callbacks alone. */
  @ValidateIf((config: Config) => config.OPENIM_API_URL !== undefined)
  @ValidateBy({
    name: 'apiUrl',
    validator: {
      validate: isHttpUrl,
      defaultMessage: () =>
        'OPENIM_API_URL must be an http:// or https:// URL without user, password and query, such as http://openim-server:10002',
    },
  })
  readonly OPENIM_API_URL?: string;

  /** The admin that is asked for a token, one of `imAdminUser.userIDs` in OpenIM's `share.yml`. */
  @IsNotEmpty()
  readonly OPENIM_ADMIN_USER_ID: string = 'imAdmin';

  /** The `secret` in OpenIM's `share.yml`. */
  @ValidateIf((config: Config) => config.OPENIM_API_URL !== undefined)
  @IsNotEmpty({ message: 'OPENIM_SECRET is required with OPENIM_API_URL: the secret in share.yml' })
  readonly OPENIM_SECRET?: string;

  /** How often OpenIM is asked what changed, in ms (written as `60s`). */
  @toMs
  @Min(1000, { message: 'RECONCILE_INTERVAL must be a time from 1s to 24h, such as 60s' })
  @Max(86_400_000, { message: 'RECONCILE_INTERVAL must be a time from 1s to 24h, such as 60s' })
  readonly RECONCILE_INTERVAL: number = 60_000;

  /** How many requests a second OpenIM is asked at most. */
  @WholeNumber(1, 10_000)
  readonly OPENIM_MAX_RPS: number = 50;

  /** How many days the bodies of callbacks are kept; what became of them is kept twice as long. */
  @WholeNumber(1, 3650)
  readonly DELIVERY_RETENTION_DAYS: number = 30;

  /** The Bearer keys of the admin API, comma-separated; unset outside production: `main.ts` makes one up for the run. */
  @toList
  @ValidateIf((config: Config) => config.ADMIN_API_KEY !== undefined || production(config))
  @Secrets('ADMIN_API_KEY must hold a key without spaces, and is required in production')
  ADMIN_API_KEY?: string[];

  /** The least severe line that is logged. */
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent',
  })
  readonly LOG_LEVEL: string = 'info';

  /** Whether callbacks come without a password: asked for, or development without a token. */
  get callbacksAreOpen(): boolean {
    return this.CALLBACK_AUTH === 'none' || this.CALLBACK_TOKEN === undefined;
  }
}

/** A configuration that cannot work; its message names each variable and what it must be. */
export class ConfigError extends Error {}

/**
 * Reads and checks the whole configuration.
 * @param environment the variables, `process.env` unless a test gives others
 * @throws ConfigError naming every variable that is missing or wrong
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
    throw new ConfigError(`The configuration is not usable: ${problems.join('; ')}`);
  }
  return config;
}

/**
 * Whether the standard variables of OpenTelemetry ask for traces; its SDK reads all others of them itself.
 * @param environment the variables, `process.env` unless a test gives others
 */
export function tracesAreWanted(environment: NodeJS.ProcessEnv = process.env): boolean {
  const endpoint =
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const exporter = environment['OTEL_TRACES_EXPORTER'] || (endpoint ? 'otlp' : 'none');
  return exporter === 'otlp' && environment['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true';
}

/** The names of all variables, in the order of `Config`. */
export function configNames(): string[] {
  return Object.keys(new Config());
}

/** Where the programs of the system are, for one that is started here. */
export function searchPath(): string | undefined {
  return process.env['PATH'];
}
