import { validateSync } from 'class-validator';
import { toJsonText } from '../../groups/statements/json-text.js';
import { storableText } from '../../postgres/storable-text.js';
import { CALLBACK_COMMANDS, currentNameOf } from '../payloads/callback-commands.js';
import type { CallbackPayload } from '../payloads/callback-payload.js';
import type { Callback } from '../payloads/callback.js';
import { RULES } from '../payloads/fields.js';
import { orderingKeyOf } from './ordering-key.js';

/** Why a callback is refused. */
export interface CallbackProblems {
  readonly kind: 'invalid';
  /** Group of the callback, where the payload names one. */
  readonly groupID?: string;
  readonly reason: string;
  /** Each problem, with the path of its field. */
  readonly problems: string[];
}

/** Longest summary in the log of deliveries, in characters: one line of a timeline. */
const SUMMARY_LENGTH = 500;

const decoder = new TextDecoder();

/**
 * Parses the body of a callback, and validates it by the DTO of its command. Pure, so that worker threads can run it.
 * @param command command in the path
 * @param body bytes of the request; invalid UTF-8 becomes U+FFFD
 */
export function parseCallback(command: string, body: Uint8Array): Callback | CallbackProblems {
  const json = parseJson(body);
  const name = currentNameOf(command);
  const nameInBody = commandIn(json) ?? name;
  if (nameInBody !== name && (CALLBACK_COMMANDS.has(name) || CALLBACK_COMMANDS.has(nameInBody))) {
    return invalid('The path and the body name different commands', [
      'callbackCommand must be the command in the path',
    ]);
  }
  const dto = CALLBACK_COMMANDS.get(name)?.dto;
  if (!dto) {
    return { kind: 'ignored', isLogged: true };
  }
  if (json === undefined) {
    return invalid('The body is not JSON', ['the body must be JSON']);
  }
  if (!isObject(json)) {
    return invalid('The body is not a JSON object', ['the body must be a JSON object']);
  }
  const fields = dto.unwrap?.(json) ?? json;
  if (dto.concernsGroups?.(fields) === false) {
    return { kind: 'ignored', isLogged: false };
  }
  const payload = assignFields(new dto(), fields);
  const problems = problemsOf(payload);
  return problems.length === 0
    ? toCallback(name, payload)
    : {
        ...invalid('The payload is not valid', problems),
        groupID: RULES.id.test(payload.groupID) ? payload.groupID : undefined,
      };
}

/** @returns undefined for text that is not JSON */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}

/** Returns the current name of the command that a body names; undefined: it names none. */
function commandIn(json: unknown): string | undefined {
  const name = isObject(json) && Object.hasOwn(json, 'callbackCommand') ? json['callbackCommand'] : undefined;
  return typeof name === 'string' ? currentNameOf(name) : undefined;
}

/** Copies the fields that the DTO has, with texts as PostgreSQL can store them. Lists stay as they are. */
function assignFields<T extends object>(payload: T, json: Record<string, unknown>): T {
  const fields = payload as Record<string, unknown>;
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(json, name)) {
      const value = json[name];
      fields[name] = typeof value === 'string' ? storableText(value) : value;
    }
  }
  return payload;
}

const problemsOf = (payload: object): string[] =>
  validateSync(payload, { stopAtFirstError: true }).flatMap((error) =>
    Object.values(error.constraints ?? {}),
  );

const toCallback = (command: string, payload: CallbackPayload<unknown>): Callback => ({
  kind: 'mirrored',
  command,
  groupID: payload.groupID,
  orderingKey: orderingKeyOf(payload.groupID, payload.userID),
  unreported: payload.unreported,
  redactedBody: payload.redactedBody && JSON.stringify(payload.redactedBody),
  summary: summaryOf(payload),
  change: toJsonText(payload.toChange()),
});

/** Texts from lists are not storable yet. */
function summaryOf(payload: CallbackPayload<unknown>): string {
  const summary = payload.toSummary();
  return storableText(summary.length > SUMMARY_LENGTH ? `${summary.slice(0, SUMMARY_LENGTH)}…` : summary);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (reason: string, problems: string[]): CallbackProblems => ({
  kind: 'invalid',
  reason,
  problems,
});
