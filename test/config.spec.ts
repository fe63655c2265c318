import { jest } from '@jest/globals';
import { readDatabaseUrl } from '../src/postgres/connection-options.js';
import { Config } from '../src/config/config.js';
import { ConfigError, configNames, readConfig } from '../src/config/read-config.js';

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://u:p@db/x',
  CALLBACK_TOKEN: 't',
  ADMIN_API_KEY: 'k',
};

const problem = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    return error instanceof ConfigError ? error.message : '';
  }
  return '';
};

/** For each variable: a text, and the value of the setting then, which is not the default. */
const EXAMPLES: Readonly<Record<string, readonly [string, unknown]>> = {
  NODE_ENV: ['production', 'production'],
  HOST: ['::1', '::1'],
  PORT: ['8080', 8080],
  TRUSTED_PROXIES: ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
  DATABASE_URL: ['postgres://u:p@db/x', 'postgres://u:p@db/x'],
  DATABASE_SCHEMA: ['mirror', 'mirror'],
  DATABASE_POOL_SIZE: ['3', 3],
  DATA_DIR: ['/srv/x', '/srv/x'],
  JOURNAL: ['off', 'off'],
  JOURNAL_LIMIT: ['1gb', 1024 ** 3],
  RUN_MIGRATIONS: ['false', false],
  CALLBACK_TOKEN: ['new, old', ['new', 'old']],
  CALLBACK_AUTH: ['none', 'none'],
  CALLBACK_NEXT_CODE: ['0', 0],
  CALLBACK_BODY_LIMIT: ['512kb', 512 * 1024],
  CALLBACK_IN_FLIGHT_LIMIT: ['1mb', 1024 ** 2],
  OPENIM_API_URL: ['http://openim:10002', 'http://openim:10002'],
  OPENIM_ADMIN_USER_ID: ['admin2', 'admin2'],
  OPENIM_SECRET: ['s3cret', 's3cret'],
  RECONCILE_INTERVAL: ['2m', 120_000],
  OPENIM_MAX_RPS: ['200', 200],
  DELIVERY_RETENTION_DAYS: ['7', 7],
  CHANGE_RETENTION_DAYS: ['8', 8],
  PERIOD_RETENTION_DAYS: ['9', 9],
  CHANGES_WEBHOOK_URL: ['http://a/x?k=1, https://b/', ['http://a/x?k=1', 'https://b/']],
  CHANGES_WEBHOOK_SECRET: [`whsec_${'a'.repeat(32)}`, [`whsec_${'a'.repeat(32)}`]],
  ADMIN_API_KEY: ['k', ['k']],
  CONSOLE: ['off', 'off'],
  LOG_LEVEL: ['warn', 'warn'],
};

it('The configuration has the documented defaults in development', () => {
  expect(readConfig({})).toEqual({
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: 3000,
    TRUSTED_PROXIES: [],
    DATABASE_URL: undefined,
    DATABASE_SCHEMA: undefined,
    DATABASE_POOL_SIZE: 10,
    DATA_DIR: './data',
    JOURNAL: 'on',
    JOURNAL_LIMIT: 256 * 1024 * 1024,
    RUN_MIGRATIONS: true,
    CALLBACK_TOKEN: undefined,
    CALLBACK_AUTH: 'basic',
    CALLBACK_NEXT_CODE: 1,
    CALLBACK_BODY_LIMIT: 16 * 1024 * 1024,
    CALLBACK_IN_FLIGHT_LIMIT: 64 * 1024 * 1024,
    OPENIM_API_URL: undefined,
    OPENIM_ADMIN_USER_ID: 'imAdmin',
    OPENIM_SECRET: undefined,
    RECONCILE_INTERVAL: 60_000,
    OPENIM_MAX_RPS: 50,
    DELIVERY_RETENTION_DAYS: 30,
    CHANGE_RETENTION_DAYS: 90,
    PERIOD_RETENTION_DAYS: 0,
    CHANGES_WEBHOOK_URL: undefined,
    CHANGES_WEBHOOK_SECRET: undefined,
    ADMIN_API_KEY: undefined,
    CONSOLE: 'on',
    LOG_LEVEL: 'info',
  });
});

it.each(configNames())('The configuration reads %s from the environment', (name) => {
  const environment = Object.fromEntries(Object.entries(EXAMPLES).map(([key, [text]]) => [key, text]));
  const [, value] = EXAMPLES[name]!;

  expect(readConfig(environment)[name as keyof Config]).toEqual(value);
  expect(value).not.toEqual(new Config()[name as keyof Config]);
});

it.each([
  ['postgres://u:100%@h/db', /percent-encode %, #/],
  ['postgres://u:a#b@h/db', /percent-encode %, #/],
  ['postgres://u:a/b@h/db', /percent-encode %, #/],
  ['postgres://u:p@one:5432,two:5432/db', /names several hosts/],
  ['postgres://u:p@one,two/db', /names several hosts/],
  ['postgres://u@/db?host=one,two', /names several hosts/],
  ['postgres://u:p@h/db?sslmode=on', /unknown sslmode: known are disable, .*verify-full/],
  ['postgres://u:p@h/db?sslrootcert=/nowhere/ca', /cannot be read: \/nowhere\/ca \(ENOENT\)/],
])('The refusal of DATABASE_URL %s says why', (url, why) => {
  expect(problem({ DATABASE_URL: url })).toMatch(why);
});

it.each([
  ['postgres://user@/db?host=/dir', { user: 'user', host: '/dir', database: 'db' }],
  ['postgresql://u:p%25%23@h:1/d', { user: 'u', password: 'p%#', host: 'h', port: 1, database: 'd' }],
  ['postgres://u@%2Fvar%2Frun/db', { host: '/var/run', database: 'db' }],
  ['postgres://u:p@h/d?options=-c%20x%3Dy', { options: '-c x=y' }],
  ['postgres://u:p@[::1]:5/d', { host: '::1', port: 5 }],
  ['postgres://u:p@h/d?sslmode=require', { ssl: {} }],
  ['postgres://u:p@h/d?sslmode=no-verify', { ssl: { rejectUnauthorized: false } }],
  ['postgres://u:p@h/d?sslmode=disable', { ssl: false }],
  ['postgres://u:p@h/d?uselibpqcompat=true&sslmode=require', { ssl: { rejectUnauthorized: false } }],
])('DATABASE_URL may be %s', (url, connection) => {
  const warn = jest.spyOn(process, 'emitWarning');
  expect(readConfig({ DATABASE_URL: url }).DATABASE_URL).toBe(url);
  expect(readDatabaseUrl(url)).toMatchObject(connection);
  expect(warn).not.toHaveBeenCalled();
});

it('The service listens on all addresses in production only', () => {
  expect(readConfig(production).HOST).toBe('0.0.0.0');
  expect(readConfig({ ...production, HOST: '10.0.0.1' }).HOST).toBe('10.0.0.1');
});

it('An empty variable counts as unset', () => {
  expect(readConfig(Object.fromEntries(configNames().map((name) => [name, ''])))).toEqual(new Config());
});

const REFUSED: readonly (readonly [name: string, value: string])[] = [
  ['NODE_ENV', 'prod'],
  ['HOST', ' '],
  ['DATA_DIR', ' '],
  ['OPENIM_ADMIN_USER_ID', ' '],
  ['OPENIM_SECRET', ' '],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', 'proxy.local'],
  ['JOURNAL', 'yes'],
  ['JOURNAL_LIMIT', '512kb'],
  ['OPENIM_API_URL', 'openim:10002'],
  ['OPENIM_API_URL', 'http://user:password@openim:10002'],
  ['OPENIM_API_URL', 'http://openim:10002?x=1'],
  ['RECONCILE_INTERVAL', '500ms'],
  ['RECONCILE_INTERVAL', '25h'],
  ['OPENIM_MAX_RPS', '0'],
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '3000x'],
  ['PORT', '0x10'],
  ['DATABASE_URL', 'mysql://x'],
  ['DATABASE_URL', 'localhost:5432'],
  ['DATABASE_URL', 'postgres://u:p%zz@x/y'],
  ['DATABASE_URL', 'postgres://u:p@x:99999/y'],
  ['DATABASE_URL', 'postgres://u:sec/ret@x/y'],
  ['DATABASE_URL', 'postgres://u:p@x/y?sslmode=strict'],
  ['DATABASE_URL', 'postgres://u:p@x/y?sslmode=verify-full&sslrootcert=/nowhere'],
  ['DATABASE_SCHEMA', 'pg_mine'],
  ['DATABASE_SCHEMA', 'x'.repeat(64)],
  ['CALLBACK_TOKEN', 'a b'],
  ['ADMIN_API_KEY', 'a,b c'],
  ['DATABASE_POOL_SIZE', '0'],
  ['DATABASE_POOL_SIZE', '1.5'],
  ['RUN_MIGRATIONS', 'yes'],
  ['CALLBACK_TOKEN', ' , '],
  ['CALLBACK_AUTH', 'off'],
  ['CALLBACK_NEXT_CODE', '2'],
  ['CALLBACK_BODY_LIMIT', '16 megabytes'],
  ['CALLBACK_BODY_LIMIT', '0'],
  ['CALLBACK_BODY_LIMIT', '1gb'],
  ['CALLBACK_IN_FLIGHT_LIMIT', '512kb'],
  ['CALLBACK_IN_FLIGHT_LIMIT', 'much'],
  ['DELIVERY_RETENTION_DAYS', '0'],
  ['CHANGE_RETENTION_DAYS', '0'],
  ['PERIOD_RETENTION_DAYS', '-1'],
  ['CHANGES_WEBHOOK_URL', 'ftp://a/'],
  ['CHANGES_WEBHOOK_URL', 'http://user:password@a/'],
  ['CHANGES_WEBHOOK_URL', 'http://a/,http://a/'],
  ['CHANGES_WEBHOOK_SECRET', 'secret'],
  ['CHANGES_WEBHOOK_SECRET', 'whsec_c2hvcnQ='],
  ['ADMIN_API_KEY', ','],
  ['CONSOLE', 'yes'],
  ['LOG_LEVEL', 'loud'],
];

it.each(REFUSED)('The refusal of %s=%s names the variable and no other', (name, value) => {
  const others = {
    OPENIM_API_URL: 'http://openim:10002',
    OPENIM_SECRET: 's3cret',
    CHANGES_WEBHOOK_URL: 'http://a/',
    CHANGES_WEBHOOK_SECRET: `whsec_${'a'.repeat(32)}`,
  };
  const refusal = problem({ ...others, [name]: value });
  expect(refusal).toMatch(new RegExp(`^The configuration cannot be used: ${name} (must|is required) [^;]*$`));
});

it('Every variable has an example and a value that is refused', () => {
  expect(Object.keys(EXAMPLES)).toEqual(configNames());
  expect([...new Set(REFUSED.map(([name]) => name))].toSorted()).toEqual(configNames().toSorted());
});

it('OPENIM_SECRET is required with OPENIM_API_URL', () => {
  expect(problem({ OPENIM_API_URL: 'http://openim:10002' })).toMatch(/OPENIM_SECRET is required/);
});

it('CHANGES_WEBHOOK_SECRET is required with CHANGES_WEBHOOK_URL', () => {
  expect(problem({ CHANGES_WEBHOOK_URL: 'http://a/' })).toMatch(/CHANGES_WEBHOOK_SECRET is required/);
});

it.each(['DATABASE_URL', 'CALLBACK_TOKEN', 'ADMIN_API_KEY'])('%s is required in production', (name) => {
  expect(problem({ ...production, [name]: '' })).toMatch(
    new RegExp(`${name} must [^;]* is required in production`),
  );
});

it('CALLBACK_AUTH=none needs no token in production', () => {
  expect(readConfig({ ...production, CALLBACK_TOKEN: '', CALLBACK_AUTH: 'none' }).callbacksAreOpen).toBe(
    true,
  );
});

it('A refusal never contains a secret', () => {
  expect(problem({ DATABASE_URL: 'mysql://u:secret@x', PORT: 'x' })).not.toContain('secret');
});
