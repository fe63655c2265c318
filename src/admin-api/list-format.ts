import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** Formats of a list: a page of it in JSON, or the whole list in the others. */
export const LIST_FORMATS = ['json', 'csv', 'ndjson'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** Media types of the formats: text/csv is RFC 4180. */
export const MEDIA_TYPES: Readonly<Record<ListFormat, string>> = {
  json: 'application/json',
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
};

/** The format that a request asks for: `?format=`, or else the first one that `Accept` prefers. */
export const AskedFormat = createParamDecorator((_: unknown, context: ExecutionContext): ListFormat => {
  const request = context.switchToHttp().getRequest<Request>();
  const { format } = request.query;
  const asked = LIST_FORMATS.find((known) => known === format);
  const accepted = request.accepts(Object.values(MEDIA_TYPES));
  return asked ?? LIST_FORMATS.find((known) => MEDIA_TYPES[known] === accepted) ?? 'json';
});
