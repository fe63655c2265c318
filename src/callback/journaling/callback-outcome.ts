import { DELIVERY_OUTCOMES } from '../../deliveries/callback-delivery.entity.js';

/** Outcomes of a callback: those of its delivery, and `journaled` while only the journal has it. */
export const CALLBACK_OUTCOMES = [...DELIVERY_OUTCOMES, 'journaled'] as const;
export type CallbackOutcome = (typeof CALLBACK_OUTCOMES)[number];
