import { validateSync } from 'class-validator';
import { toJsonText } from '../../groups/statements/json-text.js';
import { storableText } from '../../postgres/storable-text.js';
import { type Callback, CALLBACK_COMMANDS, commandToday } from '../payloads/callback-commands.js';
import { compileValidation } from './compiled-validation.js';
import { orderingKeyOf } from './ordering-key.js';
import type { CallbackPayload } from '../payloads/callback-payload.js';
import { RULES } from '../payloads/fields.js';

/** Why a callback is refused. */
export interface CallbackProblems {
  readonly kind: 'invalid';
  /** The group that it names all the same. */
  readonly groupID?: string;
  readonly reason: string;
  /** Each with the path of its field. */
  readonly problems: string[];
}

const SUMMARY_LENGTH = 500;

const decoder = new TextDecoder();

/**
 * Reads the body of a callback: JSON, validated by the DTO of its command. Pure, so that it can run in a worker thread.
 * @param command the command in the path
 * @param body the bytes of the request; what is not UTF-8 in them becomes U+FFFD
 */
export function parseCallback(command: string, body: Uint8Array): Callback | CallbackProblems {
  const json = parseJson(body);
  const today = commandToday(command);
  const told = isObject(json) && Object.hasOwn(json, 'callbackCommand') ? json['callbackCommand'] : undefined;
  const named = typeof told === 'string' ? commandToday(told) : today;
  if (named !== today && (CALLBACK_COMMANDS.has(today) || CALLBACK_COMMANDS.has(named))) {
    return invalid('The path and the body name different commands', [
      'callbackCommand must be the command in the path',
    ]);
  }
  const row = CALLBACK_COMMANDS.get(today);
  if (!row) {
    return { kind: 'ignored', isLogged: true };
  }
  if (json === undefined) {
    return invalid('The body is not JSON', ['the body must be JSON']);
  }
  if (!isObject(json)) {
    return invalid('The body is not a JSON object', ['the body must be a JSON object']);
  }
  const fields = row.dto.unwrap?.(json) ?? json;
  if (row.dto.concernsGroups?.(fields) === false) {
    return { kind: 'ignored', isLogged: false };
  }
  const payload = takeOver(new row.dto(), fields);
  if (!isValidOf.get(row.dto)!(payload)) {
    return {
      ...invalid('The payload is not valid', problemsOf(payload)),
      groupID: RULES.id.test(payload.groupID) ? payload.groupID : undefined,
    };
  }
  return {
    kind: 'mirrored',
    command: today,
    groupID: payload.groupID,
    orderingKey: orderingKeyOf(payload.groupID, payload.userID),
    unreported: payload.unreported,
    redactedBody: payload.redactedBody && JSON.stringify(payload.redactedBody),
    summary: summaryOf(payload),
    change: toJsonText(payload.toChange()),
  };
}

const isValidOf = new Map(Array.from(CALLBACK_COMMANDS.values(), ({ dto }) => [dto, compileValidation(dto)]));

const problemsOf = (payload: object): string[] =>
  validateSync(payload, { stopAtFirstError: true }).flatMap((error) =>
    Object.values(error.constraints ?? {}),
  );

/** Makes the DTO of a payload: what it has a field for, texts as PostgreSQL can hold them. Lists are checked and taken as they are. */
function takeOver<T extends object>(payload: T, json: Record<string, unknown>): T {
  const fields = payload as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(json, name)) {
      const value = json[name];
      fields[name] = typeof value === 'string' ? storableText(value) : value;
    }
  }
  return payload;
}

/** A line of a timeline, not more. What the words take out of a list is still as it came. */
const summaryOf = (payload: CallbackPayload<unknown>): string => {
  const words = payload.toSummary();
  return storableText(words.length > SUMMARY_LENGTH ? `${words.slice(0, SUMMARY_LENGTH)}…` : words);
};

const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;

const isObject = (value: unknown): value is Record<string, unknown> =>
  isNested(value) && !Array.isArray(value);

const invalid = (reason: string, problems: string[]): CallbackProblems => ({
  kind: 'invalid',
  reason,
  problems,
});

/** @returns undefined for what is not JSON */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}
