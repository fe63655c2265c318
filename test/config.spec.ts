import { jest } from '@jest/globals';
import { readDatabaseUrl } from '../src/postgres/connection-options.js';
import { Config, ConfigError, configNames, readConfig } from '../src/config/config.js';

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

it('has a default for everything in development', () => {
  expect(readConfig({})).toMatchObject({
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: 3000,
    DATABASE_URL: undefined,
    DATABASE_POOL_SIZE: 10,
    DATA_DIR: './data',
    RUN_MIGRATIONS: true,
    CALLBACK_TOKEN: undefined,
    CALLBACK_AUTH: 'basic',
    CALLBACK_NEXT_CODE: 1,
    CALLBACK_BODY_LIMIT: 16 * 1024 * 1024,
    CALLBACK_IN_FLIGHT_LIMIT: 64 * 1024 * 1024,
    DELIVERY_RETENTION_DAYS: 30,
    ADMIN_API_KEY: undefined,
    LOG_LEVEL: 'info',
  });
});

it('reads every variable', () => {
  const config = readConfig({
    ...production,
    HOST: '::1',
    PORT: '8080',
    DATABASE_POOL_SIZE: '3',
    DATABASE_SCHEMA: 'mirror',
    DATA_DIR: '/srv/x',
    RUN_MIGRATIONS: 'false',
    CALLBACK_TOKEN: 'new, old',
    CALLBACK_AUTH: 'none',
    CALLBACK_NEXT_CODE: '0',
    CALLBACK_BODY_LIMIT: '512kb',
    DELIVERY_RETENTION_DAYS: '7',
    LOG_LEVEL: 'warn',
  });

  expect(config).toMatchObject({
    NODE_ENV: 'production',
    HOST: '::1',
    PORT: 8080,
    DATABASE_URL: 'postgres://u:p@db/x',
    DATABASE_POOL_SIZE: 3,
    DATABASE_SCHEMA: 'mirror',
    DATA_DIR: '/srv/x',
    RUN_MIGRATIONS: false,
    CALLBACK_TOKEN: ['new', 'old'],
    CALLBACK_AUTH: 'none',
    CALLBACK_NEXT_CODE: 0,
    CALLBACK_BODY_LIMIT: 524288,
    DELIVERY_RETENTION_DAYS: 7,
    ADMIN_API_KEY: ['k'],
    LOG_LEVEL: 'warn',
  });
  expect(Object.keys(config)).toEqual(configNames());
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
])('says of %s why it cannot be used', (url, why) => {
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
])('takes %s', (url, connection) => {
  const warn = jest.spyOn(process, 'emitWarning');
  expect(readConfig({ DATABASE_URL: url }).DATABASE_URL).toBe(url);
  expect(readDatabaseUrl(url)).toMatchObject(connection);
  expect(warn).not.toHaveBeenCalled();
});

it('listens to the world in production only', () => {
  expect(readConfig(production).HOST).toBe('0.0.0.0');
  expect(readConfig({ ...production, HOST: '10.0.0.1' }).HOST).toBe('10.0.0.1');
});

it('takes an empty variable as unset', () => {
  expect(readConfig(Object.fromEntries(configNames().map((name) => [name, ''])))).toEqual(new Config());
});

it.each([
  ['NODE_ENV', 'prod'],
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
  ['ADMIN_API_KEY', ','],
  ['LOG_LEVEL', 'loud'],
])('refuses %s=%s by name', (name, value) => {
  expect(problem({ [name]: value })).toMatch(
    new RegExp(`^The configuration is not usable: ${name} must [^;]*$`),
  );
});

it.each(['DATABASE_URL', 'CALLBACK_TOKEN', 'ADMIN_API_KEY'])('needs %s in production', (name) => {
  expect(problem({ ...production, [name]: '' })).toMatch(
    new RegExp(`${name} must [^;]* is required in production`),
  );
});

it('needs no token in production where callbacks are open on purpose', () => {
  expect(readConfig({ ...production, CALLBACK_TOKEN: '', CALLBACK_AUTH: 'none' }).callbacksAreOpen).toBe(
    true,
  );
});

it('never says a secret', () => {
  expect(problem({ DATABASE_URL: 'mysql://u:secret@x', PORT: 'x' })).not.toContain('secret');
});
