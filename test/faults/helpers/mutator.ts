import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import {
  CONTENT_TYPES,
  ENCODINGS,
  LONE_SURROGATES,
  NUMBERS,
  PROTOTYPE_KEYS,
  RAW_VALUES,
  RETYPED,
} from './mutation-values.js';
import type { Random } from './random.js';

/** A request that OpenIM does not send. */
export interface Mutant {
  /** Command in the path. */
  command: string;
  headers: Record<string, string>;
  body: Buffer;
  /** Names of the mutations. */
  mutations: string[];
}

type Json = Record<string, unknown>;

interface Draft {
  command: string;
  json: Json;
  /** Raw texts of fields, which replace the output of JSON.stringify. */
  raw: Map<string, string>;
}

const COMPRESSIONS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

/**
 * Makes mutants of recorded callbacks. Some mutants are still valid callbacks, most are invalid, and a few are invalid requests.
 * The same random numbers make the same mutants.
 */
export class Mutator {
  constructor(
    private readonly random: Random,
    /** Recorded bodies with their commands. */
    private readonly seeds: readonly { command: string; text: string }[],
    /** Commands for the path. */
    private readonly commands: readonly string[],
  ) {}

  mutant(): Mutant {
    const seed = this.random.pick(this.seeds);
    const draft: Draft = { command: seed.command, json: JSON.parse(seed.text) as Json, raw: new Map() };
    const headers: Record<string, string> = { 'content-type': 'application/json; charset=utf-8' };
    const mutations: string[] = [];
    if (this.random.chance(0.8)) {
      draft.json['groupID'] = `fuzz-${this.random.below(500)}`;
    }
    const apply = <T extends unknown[]>(list: Record<string, (...given: T) => void>, ...given: T): void => {
      const name = this.random.pick(Object.keys(list));
      mutations.push(name);
      list[name]!(...given);
    };
    for (let left = this.random.below(4); left > 0; left -= 1) {
      apply(this.ofFields, draft);
    }
    const content = { body: Buffer.from(render(draft)) };
    for (let left = this.random.chance(0.5) ? 0 : 1 + this.random.below(2); left > 0; left -= 1) {
      apply(this.ofBytes, content);
    }
    if (this.random.chance(0.15)) {
      apply(this.ofHeaders, headers, content);
    }
    return { command: draft.command, headers, body: content.body, mutations };
  }

  private readonly ofFields: Record<string, (draft: Draft) => void> = {
    drop: ({ json }) => delete json[this.fieldOf(json)],
    retype: ({ json }) => (json[this.fieldOf(json)] = this.random.pick(RETYPED)),
    number: ({ json }) => (json[this.fieldOf(json)] = this.random.pick(NUMBERS)),
    raw: ({ json, raw }) => this.setRaw(json, raw, this.random.pick(RAW_VALUES)),
    deep: ({ json, raw }) => {
      const depth = this.random.pick([50, 1000, 20_000]);
      const [open, close] = this.random.pick([['[', ']'] as const, ['{"a":', '}'] as const]);
      this.setRaw(json, raw, open.repeat(depth) + (close === '}' ? '1' : '') + close.repeat(depth));
    },
    nul: ({ json }) => (json[this.fieldOf(json)] = this.random.pick(['\0', 'a\0b', '\0'.repeat(300)])),
    surrogate: ({ json }) => (json[this.fieldOf(json)] = this.random.pick(LONE_SURROGATES)),
    long: ({ json }) =>
      (json[this.fieldOf(json)] = this.random
        .pick(['x', '😀', '\0', '\ud800'])
        .repeat(this.random.pick([255, 256, 3000, 40_000]))),
    prototype: ({ json, raw }) => {
      const key = this.random.pick(PROTOTYPE_KEYS);
      Object.defineProperty(json, key, { value: 0, enumerable: true, configurable: true, writable: true });
      raw.set(
        key,
        this.random.pick(['{"polluted":true}', '{"groupID":"x","toChange":1}', 'null', '"x"', '[]']),
      );
    },
    listForObject: ({ json }) => (json[this.fieldOf(json)] = [json[this.fieldOf(json)]]),
    objectForValue: ({ json }) => {
      const field = this.fieldOf(json);
      json[field] = { value: json[field] };
    },
    listOfMany: ({ json }) => {
      const entry = this.random.pick<unknown>([
        { userID: 'u1', roleLevel: 20 },
        'u1',
        null,
        { userID: 7 },
        [],
        '',
      ]);
      json[this.random.pick(['initMemberList', 'kickedUserIDs', 'membersID'])] = Array.from(
        { length: this.random.pick([1, 50, 4000]) },
        () => entry,
      );
    },
    entry: ({ json }) => {
      const list = json[this.random.pick(['initMemberList', 'kickedUserIDs', 'membersID'])];
      if (Array.isArray(list)) {
        list[this.random.below(list.length + 1)] = this.random.pick<unknown>([
          ...RETYPED,
          ...NUMBERS,
          ...LONE_SURROGATES,
        ]);
      }
    },
    otherCommandInBody: ({ json }) => (json['callbackCommand'] = this.random.pick(this.commands)),
    otherCommandInPath: (draft) => (draft.command = this.random.pick(this.commands)),
    renameField: ({ json }) => {
      const field = this.fieldOf(json);
      json[this.random.pick([field.toUpperCase(), ` ${field}`, `${field}\0`])] = json[field];
      delete json[field];
    },
  };

  private readonly ofBytes: Record<string, (content: { body: Buffer }) => void> = {
    truncate: (content) =>
      (content.body = content.body.subarray(0, this.random.below(content.body.length + 1))),
    flip: (content) => {
      for (let flips = 1 + this.random.below(4); flips > 0 && content.body.length > 0; flips -= 1) {
        content.body[this.random.below(content.body.length)]! ^= 1 << this.random.below(8);
      }
    },
    insert: (content) => this.insert(content, this.bytes(1 + this.random.below(8))),
    invalidUtf8: (content) =>
      this.insert(content, this.random.pick(['ff', 'c080', 'eda080', 'f4908080', 'e282', '80']), 'hex'),
    random: (content) => (content.body = this.bytes(this.random.below(2000))),
    bom: (content) =>
      (content.body = Buffer.concat([
        Buffer.from(this.random.pick(['efbbbf', 'fffe', 'feff', '0000feff']), 'hex'),
        content.body,
      ])),
    utf16: (content) => (content.body = Buffer.from(content.body.toString(), 'utf16le')),
    duplicateKey: (content) => {
      const key = this.random.pick(['groupID', 'callbackCommand', 'ownerUserID', 'userID', '__proto__']);
      const value = this.random.pick(['"x"', 'null', '1', '{}', '""']);
      content.body = Buffer.from(content.body.toString().replace(/\}\s*$/, `,"${key}":${value}}`));
    },
    trailing: (content) =>
      (content.body = Buffer.concat([
        content.body,
        Buffer.from(this.random.pick(['{}', 'x', '\0', ' \n', ']', '//'])),
      ])),
    wrapped: (content) => (content.body = Buffer.concat([Buffer.from('['), content.body, Buffer.from(']')])),
    twiceEncoded: (content) => (content.body = Buffer.from(JSON.stringify(content.body.toString()))),
    repeated: (content) => (content.body = Buffer.concat(Array.from({ length: 3 }, () => content.body))),
    empty: (content) => (content.body = Buffer.alloc(0)),
    cutOut: (content) => {
      const start = this.random.below(content.body.length + 1);
      content.body = Buffer.concat([
        content.body.subarray(0, start),
        content.body.subarray(start + this.random.below(20)),
      ]);
    },
  };

  private readonly ofHeaders: Record<
    string,
    (headers: Record<string, string>, content: { body: Buffer }) => void
  > = {
    contentType: (headers) => (headers['content-type'] = this.random.pick(CONTENT_TYPES)),
    noContentType: (headers) => delete headers['content-type'],
    encoding: (headers) => (headers['content-encoding'] = this.random.pick(ENCODINGS)),
    compressed: (headers, content) => {
      const encoding = this.random.pick(['gzip', 'deflate', 'br'] as const);
      headers['content-encoding'] = encoding;
      content.body = COMPRESSIONS[encoding](content.body);
    },
    compressedInPart: (headers, content) => {
      headers['content-encoding'] = 'gzip';
      const body = gzipSync(content.body);
      content.body = body.subarray(0, this.random.below(body.length));
    },
    inflates: (headers, content) => {
      headers['content-encoding'] = 'gzip';
      content.body = gzipSync(Buffer.alloc(2 ** 20, ' '));
    },
    operationID: (headers) =>
      (headers['operationid'] = this.random.pick(['', 'x'.repeat(8000), '\u00ff\u0080', '{"a":1}', "';--"])),
    expect: (headers) => (headers['accept'] = 'text/html'),
  };

  private fieldOf(json: Json): string {
    const fields = Object.keys(json);
    return fields.length > 0 ? this.random.pick(fields) : 'groupID';
  }

  private setRaw(json: Json, raw: Map<string, string>, text: string): void {
    const field = this.fieldOf(json);
    json[field] = 0;
    raw.set(field, text);
  }

  private bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.random.below(256)));
  }

  private insert(content: { body: Buffer }, what: Buffer | string, encoding?: BufferEncoding): void {
    const at = this.random.below(content.body.length + 1);
    const inserted = typeof what === 'string' ? Buffer.from(what, encoding) : what;
    content.body = Buffer.concat([content.body.subarray(0, at), inserted, content.body.subarray(at)]);
  }
}

/** Renders JSON, with the raw texts in the place of their fields. */
const render = ({ json, raw }: Draft): string =>
  `{${Object.entries(json)
    .map(([field, value]) => `${JSON.stringify(field)}:${raw.get(field) ?? JSON.stringify(value)}`)
    .join(',')}}`;
