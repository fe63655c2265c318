import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';

/** Completes the query that a form sends: it leaves out fields that are blank, and takes a time without a zone, of `datetime-local`, as UTC. */
@Injectable()
export class FormValues implements PipeTransform {
  transform(value: unknown, { type, data }: ArgumentMetadata): unknown {
    return type === 'query' && data === undefined
      ? Object.fromEntries(
          Object.entries(value as Record<string, unknown>)
            .filter(([, one]) => one !== '')
            .map(([name, one]) => [name, inUtc(one)]),
        )
      : value;
  }
}

const inUtc = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value) ? `${value}Z` : value;
