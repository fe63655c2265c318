import { storableText } from '../postgres/storable-text.js';
import { storableTime } from '../postgres/storable-time.js';
import { OpenImAnswerError } from './openim-error.js';

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads fields of an answer of OpenIM. A field that is absent or of another type is an OpenImAnswerError, never a default: OpenIM's
 * structs have no `omitempty` (protocol/sdkws). A number may come as text, since gateways write int64 as one
 * (https://protobuf.dev/programming-guides/json/). An empty list may come as null or be absent.
 */
export class AnswerFields {
  private readonly json: Json;

  /** @param what what the value is, for the error */
  constructor(
    value: unknown,
    private readonly what: string,
  ) {
    if (!isObject(value)) {
      throw new OpenImAnswerError(`${what} is no object in the answer of OpenIM`);
    }
    this.json = value;
  }

  text(key: string): string {
    const value = this.json[key];
    return typeof value === 'string' ? storableText(value) : this.fail(key, 'a text');
  }

  /** A text that is not empty. */
  id(key: string): string {
    const value = this.text(key);
    return value === '' ? this.fail(key, 'an id') : value;
  }

  whole(key: string): number {
    const value = this.json[key];
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number)
      ? number
      : this.fail(key, 'a whole number');
  }

  /** A whole number that PostgreSQL's integer holds. */
  int32(key: string): number {
    const value = this.whole(key);
    return Math.abs(value) < 2 ** 31 ? value : this.fail(key, 'an int32');
  }

  /** A whole number from 0. */
  count(key: string): number {
    const value = this.whole(key);
    return value >= 0 ? value : this.fail(key, 'a count');
  }

  /** A moment in ms, as a text for PostgreSQL's timestamptz. */
  time(key: string): string {
    return storableTime(this.whole(key));
  }

  boolean(key: string): boolean {
    const value = this.json[key];
    return typeof value === 'boolean' ? value : this.fail(key, 'true or false');
  }

  list(key: string): unknown[] {
    const value = this.json[key] ?? [];
    return Array.isArray(value) ? value : this.fail(key, 'a list');
  }

  texts(key: string): string[] {
    return this.list(key).map((value) =>
      typeof value === 'string' ? storableText(value) : this.fail(key, 'a list of texts'),
    );
  }

  /** An object whose keys are ids. */
  map(key: string): Json {
    const value = this.json[key] ?? {};
    return isObject(value) ? value : this.fail(key, 'an object');
  }

  private fail(key: string, expected: string): never {
    throw new OpenImAnswerError(`${key} of ${this.what} is not ${expected} in the answer of OpenIM`);
  }
}
