import bytes from 'bytes';
import { Transform } from 'class-transformer';
import { Max, Min, ValidateBy } from 'class-validator';
import ipaddr from 'ipaddr.js';
import ms, { type StringValue } from 'ms';
import { applyDecorators } from '@nestjs/common';
import { readDatabaseUrl } from '../postgres/connection-options.js';

/** Creates a decorator that parses a text. Other values stay as they are. */
const parsed = (parse: (text: string) => unknown): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? parse(value) : value));

/** `true` or `false`. */
export const toBoolean = parsed((text) => (text === 'true' ? true : text === 'false' ? false : text));

/** Items separated by commas. */
export const toList = parsed((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

const rule = (name: string, validate: (value: unknown) => boolean, message: string): PropertyDecorator =>
  ValidateBy({ name, validator: { validate, defaultMessage: () => message } });

/** Whether a value is a list with one item at least, all of which pass. */
const isListOf = (value: unknown, isItem: (item: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => isItem(item));

/** A size in bytes, written as `16mb`. */
export const Bytes = (minimum: number, maximum: number, message: string): PropertyDecorator =>
  applyDecorators(
    parsed((text) => (/^\d+ ?([kmg]?b)?$/i.test(text) ? bytes.parse(text) : text)),
    Min(minimum, { message }),
    Max(maximum, { message }),
  );

/** A duration in ms, written as `60s`. */
export const Duration = (minimum: number, maximum: number, message: string): PropertyDecorator =>
  applyDecorators(
    parsed((text) => (/^\d+ ?(s|m|h)$/.test(text) ? ms(text as StringValue) : text)),
    Min(minimum, { message }),
    Max(maximum, { message }),
  );

/** Secrets without spaces, at least one. */
export const Secrets = (message: string): PropertyDecorator =>
  rule('secrets', (secrets) => isListOf(secrets, (secret) => /^\S+$/.test(String(secret))), message);

/** Addresses, networks such as `10.0.0.0/8`, and Express's names of networks. Express parses them with the same library. */
export const Networks = (message: string): PropertyDecorator =>
  rule('networks', (networks) => Array.isArray(networks) && networks.map(String).every(isNetwork), message);

function isNetwork(network: string): boolean {
  try {
    return (
      ['loopback', 'linklocal', 'uniquelocal'].includes(network) ||
      (network.includes('/') ? ipaddr.parseCIDR(network) : ipaddr.parse(network)) !== undefined
    );
  } catch {
    return false;
  }
}

/** An http:// or https:// URL without credentials and query. fetch refuses credentials, and its error would contain them. */
export const HttpUrl = (message: string): PropertyDecorator => rule('httpUrl', isHttpUrl, message);

const isHttpUrl = (url: unknown): boolean => isUrl(url) && new URL(String(url)).search === '';

function isUrl(url: unknown): boolean {
  if (!URL.canParse(String(url))) {
    return false;
  }
  const { protocol, username, password } = new URL(String(url));
  return /^https?:$/.test(protocol) && username + password === '';
}

/** Different http:// or https:// URLs without credentials, at least one. */
export const WebhookUrls = (message: string): PropertyDecorator =>
  rule('webhookUrls', (urls) => isListOf(urls, isUrl) && new Set(urls).size === urls.length, message);

/** Secrets of Standard Webhooks, at least one: `whsec_` and 24 to 64 bytes in base64. */
export const WebhookSecrets = (message: string): PropertyDecorator =>
  rule(
    'webhookSecrets',
    (secrets) => isListOf(secrets, (secret) => isWebhookSecret(String(secret))),
    message,
  );

function isWebhookSecret(secret: string): boolean {
  const [, encoded] = /^whsec_([A-Za-z\d+/]+={0,2})$/.exec(secret) ?? [];
  const { length } = Buffer.from(encoded ?? '', 'base64');
  return length >= 24 && length <= 64;
}

/** A URL of PostgreSQL that node-postgres can use. The message ends with the problem of the URL. */
export const DatabaseUrl = (message: string): PropertyDecorator =>
  ValidateBy({
    name: 'databaseUrl',
    validator: {
      validate: (url) => problemOfDatabaseUrl(url) === undefined,
      defaultMessage: (args) => `${message}: this one ${problemOfDatabaseUrl(args?.value)}`,
    },
  });

function problemOfDatabaseUrl(url: unknown): string | undefined {
  try {
    readDatabaseUrl(String(url));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
