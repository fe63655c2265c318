import { DELIVERY_OUTCOMES } from '../../deliveries/callback-delivery.entity.js';

/**
 * Outcomes of a callback: those of its delivery, `journaled` while only the journal has it, and `denied` for requests without a right token
 * or to a path of no callback, as scanners send them.
 */
export const CALLBACK_OUTCOMES = [...DELIVERY_OUTCOMES, 'journaled', 'denied'] as const;
export type CallbackOutcome = (typeof CALLBACK_OUTCOMES)[number];
