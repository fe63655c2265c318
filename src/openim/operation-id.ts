import type { IncomingMessage } from 'node:http';

const SHOWN = 128;

/** What the caller calls an operation, at most 128 characters of it: the header `operationID`, as OpenIM sends it; "" where there is none. */
export const operationIDOf = ({ headers }: IncomingMessage): string =>
  String(headers['operationid'] ?? '').slice(0, SHOWN);
