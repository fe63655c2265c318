import type { DeliveryDto } from './deliveries.dto.js';

/** Columns of the list of deliveries as CSV, in their order. */
export const DELIVERY_LIST = {
  name: 'deliveries',
  columns: [
    'id',
    'receivedAt',
    'command',
    'operationID',
    'groupID',
    'outcome',
    'problems',
    'summary',
    'durationMs',
    'replayOf',
  ] satisfies (keyof DeliveryDto)[],
};
