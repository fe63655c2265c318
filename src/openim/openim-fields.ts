import { storableText } from '../postgres/storable-text.js';
import { storableTime } from '../postgres/storable-time.js';
import { OpenImAnswerError } from './openim-error.js';

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Kinds of the fields that are read by a table (`AnswerFields.read`); each is a method of AnswerFields. */
type FieldKind = 'id' | 'text' | 'int32' | 'count' | 'time';

/** The object that a table of fields describes. */
export type FieldsOf<Table extends Readonly<Record<string, FieldKind>>> = {
  -readonly [Field in keyof Table]: ReturnType<AnswerFields[Table[Field]]>;
};

/**
 * Reads fields of an answer of OpenIM. A field that is absent or of another type is an OpenImAnswerError, never a default: OpenIM's
 * structs have no `omitempty` (protocol/sdkws). A number may be a text, since gateways write int64 as one
 * (https://protobuf.dev/programming-guides/json/). An empty list may be null or absent.
 */
export class AnswerFields {
  private readonly json: Json;

  /** @param name name of the object in error messages */
  constructor(
    value: unknown,
    private readonly name: string,
  ) {
    if (!isObject(value)) {
      throw new OpenImAnswerError(`${name} is not an object in the answer of OpenIM`);
    }
    this.json = value;
  }

  /** Reads all fields of a table. @throws OpenImAnswerError for the first that is absent or of another type */
  read<const Table extends Readonly<Record<string, FieldKind>>>(table: Table): FieldsOf<Table> {
    return Object.fromEntries(
      Object.entries(table).map(([key, kind]) => [key, this[kind](key)]),
    ) as FieldsOf<Table>;
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

  /** A whole number that PostgreSQL's integer holds. */
  int32(key: string): number {
    const value = this.integer(key);
    return Math.abs(value) < 2 ** 31 ? value : this.fail(key, 'an int32');
  }

  /** A whole number from 0. */
  count(key: string): number {
    const value = this.integer(key);
    return value >= 0 ? value : this.fail(key, 'a count');
  }

  /** A time in ms since 1970, as a text for PostgreSQL's timestamptz. */
  time(key: string): string {
    return storableTime(this.integer(key));
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

  private integer(key: string): number {
    const value = this.json[key];
    const number = typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number)
      ? number
      : this.fail(key, 'a whole number');
  }

  private fail(key: string, expected: string): never {
    throw new OpenImAnswerError(`${key} of ${this.name} is not ${expected} in the answer of OpenIM`);
  }
}
