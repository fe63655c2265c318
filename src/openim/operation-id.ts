import type { IncomingMessage } from 'node:http';

const MAX_LENGTH = 128;

/** Returns the id that the caller gives an operation, cut to 128 characters: the header `operationID`, as OpenIM sends it; "" without one. */
export const operationIDOf = ({ headers }: IncomingMessage): string =>
  String(headers['operationid'] ?? '').slice(0, MAX_LENGTH);
