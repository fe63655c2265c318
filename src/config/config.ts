import { IsBoolean, IsIn, Matches, ValidateIf } from 'class-validator';
import {
  Bytes,
  DatabaseUrl,
  Duration,
  HttpUrl,
  Networks,
  Secrets,
  toBoolean,
  toList,
  WebhookSecrets,
  WebhookUrls,
} from './rules.js';
import { WholeNumber } from './whole-number.js';

const MB = 1024 * 1024;
const DAY_MS = 86_400_000;

const isProduction = (config: Config): boolean => config.NODE_ENV === 'production';

/**
 * The settings of the service, each with the name of its environment variable. `readConfig` creates the object. An empty variable counts as
 * unset, since docker compose passes unset variables as empty ones.
 */
export class Config {
  /** `production` makes the database and the secrets required, and the log JSON. */
  @IsIn(['development', 'test', 'production'], {
    message: 'NODE_ENV must be development, test or production',
  })
  readonly NODE_ENV: 'development' | 'test' | 'production' = 'development';

  /** Address to listen on. */
  @Matches(/\S/, { message: 'HOST must be an address, or a name of this machine' })
  readonly HOST: string = '127.0.0.1';

  /** TCP port to listen on; 0 for a free one. */
  @WholeNumber(0, 65535)
  readonly PORT: number = 3000;

  /** Proxies whose `X-Forwarded-For` is trusted. */
  @toList
  @Networks(
    'TRUSTED_PROXIES must hold addresses or networks, such as 10.0.0.0/8, or loopback, linklocal or uniquelocal',
  )
  readonly TRUSTED_PROXIES: string[] = [];

  /** Database; unset outside production: an embedded PostgreSQL in `DATA_DIR`. */
  @ValidateIf((config: Config) => config.DATABASE_URL !== undefined || isProduction(config))
  @DatabaseUrl('DATABASE_URL must be a postgres:// URL that can be used, and is required in production')
  readonly DATABASE_URL?: string;

  /** Schema of the tables, created if it does not exist; unset: the first one of the role's search_path, usually `public`. */
  @ValidateIf((config: Config) => config.DATABASE_SCHEMA !== undefined)
  @Matches(/^(?!pg_)[^\0]{1,63}$/u, {
    message:
      'DATABASE_SCHEMA must be the name of a schema: at most 63 characters, and not beginning with pg_',
  })
  readonly DATABASE_SCHEMA?: string;

  /** Maximum number of connections of one process. */
  @WholeNumber(1, 1000)
  readonly DATABASE_POOL_SIZE: number = 10;

  /** Folder of the journal and of the embedded PostgreSQL; each process needs its own. */
  @Matches(/\S/, { message: 'DATA_DIR must be the path of a folder' })
  readonly DATA_DIR: string = './data';

  /** Whether callbacks that PostgreSQL cannot write now are kept on disk until it can. */
  @IsIn(['on', 'off'], { message: 'JOURNAL must be on or off' })
  readonly JOURNAL: 'on' | 'off' = 'on';

  /** Maximum size of the journal, in bytes. */
  @Bytes(MB, Infinity, 'JOURNAL_LIMIT must be a size of at least 1mb, such as 256mb')
  readonly JOURNAL_LIMIT: number = 256 * MB;

  /** Whether pending migrations are applied at start, under a lock so that replicas may start together. */
  @toBoolean
  @IsBoolean({ message: 'RUN_MIGRATIONS must be true or false' })
  readonly RUN_MIGRATIONS: boolean = true;

  /** Tokens that are valid as the password of HTTP Basic authentication, all at once: for rotation. */
  @toList
  @ValidateIf(
    (config: Config) =>
      config.CALLBACK_TOKEN !== undefined || (isProduction(config) && config.CALLBACK_AUTH !== 'none'),
  )
  @Secrets(
    'CALLBACK_TOKEN must hold a token without spaces, and is required in production unless CALLBACK_AUTH=none',
  )
  readonly CALLBACK_TOKEN?: string[];

  /** `none` turns the authentication of callbacks off. */
  @IsIn(['basic', 'none'], { message: 'CALLBACK_AUTH must be basic or none' })
  readonly CALLBACK_AUTH: 'basic' | 'none' = 'basic';

  /** `nextCode` of a success reply: 1 as OpenIM's page documents it, 0 for servers that read 1 as a refusal. */
  @WholeNumber(0, 1)
  readonly CALLBACK_NEXT_CODE: 0 | 1 = 1;

  /** Maximum size of the body of a callback, in bytes. */
  @Bytes(1024, 512 * MB, 'CALLBACK_BODY_LIMIT must be a size from 1kb to 512mb, such as 16mb')
  readonly CALLBACK_BODY_LIMIT: number = 16 * MB;

  /** Maximum size of all bodies that are being received and written at the same time, in bytes. */
  @Bytes(MB, Infinity, 'CALLBACK_IN_FLIGHT_LIMIT must be a size of at least 1mb, such as 64mb')
  readonly CALLBACK_IN_FLIGHT_LIMIT: number = 64 * MB;

  /** URL of OpenIM's REST API; unset: callbacks are the only source of the mirror. */
  @ValidateIf((config: Config) => config.OPENIM_API_URL !== undefined)
  @HttpUrl(
    'OPENIM_API_URL must be an http:// or https:// URL without user, password and query, such as http://openim-server:10002',
  )
  readonly OPENIM_API_URL?: string;

  /** userID of the admin for whom the token is requested, one of `imAdminUser.userIDs` in OpenIM's `share.yml`. */
  @Matches(/\S/, { message: 'OPENIM_ADMIN_USER_ID must be the userID of an admin of OpenIM' })
  readonly OPENIM_ADMIN_USER_ID: string = 'imAdmin';

  /** `secret` in OpenIM's `share.yml`. */
  @ValidateIf((config: Config) => config.OPENIM_API_URL !== undefined)
  @Matches(/\S/, { message: 'OPENIM_SECRET is required with OPENIM_API_URL: the secret in share.yml' })
  readonly OPENIM_SECRET?: string;

  /** Interval of resyncs, in ms. */
  @Duration(1000, DAY_MS, 'RECONCILE_INTERVAL must be a time from 1s to 24h, such as 60s')
  readonly RECONCILE_INTERVAL: number = 60_000;

  /** Maximum number of requests to OpenIM in a second. */
  @WholeNumber(1, 10_000)
  readonly OPENIM_MAX_RPS: number = 50;

  /** Number of days for which the log of deliveries is kept, with the bodies of callbacks. */
  @WholeNumber(1, 3650)
  readonly DELIVERY_RETENTION_DAYS: number = 30;

  /** Number of days for which the log of changes is kept. */
  @WholeNumber(1, 3650)
  readonly CHANGE_RETENTION_DAYS: number = 90;

  /** Number of days for which memberships that ended are kept; 0: for ever. */
  @WholeNumber(0, 36_500)
  readonly PERIOD_RETENTION_DAYS: number = 0;

  /** URLs to which every change is posted; unset: none. */
  @toList
  @ValidateIf((config: Config) => config.CHANGES_WEBHOOK_URL !== undefined)
  @WebhookUrls(
    'CHANGES_WEBHOOK_URL must hold http:// or https:// URLs without user and password, such as https://app.example.com/openim',
  )
  readonly CHANGES_WEBHOOK_URL?: string[];

  /** Secrets by which the posts are signed, all at once: for rotation. */
  @toList
  @ValidateIf((config: Config) => config.CHANGES_WEBHOOK_URL !== undefined)
  @WebhookSecrets(
    'CHANGES_WEBHOOK_SECRET is required with CHANGES_WEBHOOK_URL: whsec_ and at least 24 bytes in base64, such as "whsec_$(openssl rand -base64 32)"',
  )
  readonly CHANGES_WEBHOOK_SECRET?: string[];

  /** Bearer keys of the admin API; unset outside production: the service generates one for the run. */
  @toList
  @ValidateIf((config: Config) => config.ADMIN_API_KEY !== undefined || isProduction(config))
  @Secrets('ADMIN_API_KEY must hold a key without spaces, and is required in production')
  ADMIN_API_KEY?: string[];

  /** Whether `/console` is served, the pages for staff. */
  @IsIn(['on', 'off'], { message: 'CONSOLE must be on or off' })
  readonly CONSOLE: 'on' | 'off' = 'on';

  /** Lowest level that is logged. */
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    message: 'LOG_LEVEL must be fatal, error, warn, info, debug, trace or silent',
  })
  readonly LOG_LEVEL: string = 'info';

  /** Whether callbacks need no password: `CALLBACK_AUTH=none`, or development without a token. */
  get callbacksAreOpen(): boolean {
    return this.CALLBACK_AUTH === 'none' || this.CALLBACK_TOKEN === undefined;
  }
}
