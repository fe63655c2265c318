import type { Response } from 'express';
import type { Outcome } from '../deliveries/callback-delivery.entity.js';
import type { Delivery } from '../deliveries/delivery-log.js';
import type { BodyShare } from './parsing/body-budget.js';

/** As in the log of deliveries; `journaled`: on disk here, and not there yet. */
export type AnsweredOutcome = Outcome | 'journaled';

/** What the log line and the metrics tell of one callback, gathered on its way. Never a secret, never a body. */
export interface CallbackLog {
  command?: string;
  operationID?: string;
  groupID?: string;
  outcome?: AnsweredOutcome;
  problems?: string;
}

/** The notes of the callback that this response answers. */
export function callbackLog(response: Response): CallbackLog {
  return (response.locals['callback'] ??= {}) as CallbackLog;
}

/** The delivery that this response answers; there is one for each request that `CallbackGuard` let in. */
export function deliveryOf(response: Response): Delivery {
  return response.locals['delivery'] as Delivery;
}

/** What the body of the callback takes of `BodyBudget`, until the callback is on disk or refused; set by `CallbackReplyInterceptor`. */
export function shareOf(response: Response): BodyShare {
  return response.locals['share'] as BodyShare;
}
