import type { Delivery } from '../deliveries/delivery-log.js';

const NO_DELIVERY = Array.from({ length: 9 }, () => null);

/** @throws Error where the journal has the callback: `JournalReplay` writes it */
export function unlessJournaled(delivery: Delivery | undefined, parameters: unknown[]): unknown[] {
  if (delivery?.isJournaled) {
    throw new Error('The callback is in the journal and is written from there');
  }
  return parameters;
}

/** The parameters of a statement that logs the delivery. From now on PostgreSQL may have it. */
export function withDelivery(delivery: Delivery | undefined, parameters: unknown[]): unknown[] {
  unlessJournaled(delivery, parameters);
  if (delivery) {
    delivery.mayBeWritten = true;
  }
  return [...parameters, ...(delivery?.parameters() ?? NO_DELIVERY)];
}
