import type { Response } from 'express';
import type { Delivery } from '../deliveries/delivery-log.js';
import type { CallbackOutcome } from './journaling/callback-outcome.js';
import type { BodyShare } from './parsing/body-budget.js';

/** Fields of a callback for its log line and its metrics. Never a secret, never a body. */
export interface CallbackLogFields {
  command?: string;
  operationID?: string;
  groupID?: string;
  outcome?: CallbackOutcome;
  /** Why the callback was refused or failed. */
  problems?: string;
}

/** State of one request to `/callback` and its reply: what guard, pipe, interceptor, filter and request logger share. */
export class CallbackExchange {
  readonly log: CallbackLogFields = {};
  private admission?: { readonly delivery: Delivery; readonly bodyShare: BodyShare };

  /** Admits the request after its authentication. */
  admit(delivery: Delivery, bodyShare: BodyShare): void {
    this.admission = { delivery, bodyShare };
  }

  /** Whether the request has a right token, and a path of a callback. */
  get isAdmitted(): boolean {
    return this.admission !== undefined;
  }

  /** Row for the log of deliveries. Only admitted requests have one. */
  get delivery(): Delivery {
    return this.admission!.delivery;
  }

  /** Room of the body in `BodyBudget`, until the callback is on disk or refused. Only admitted requests have one. */
  get bodyShare(): BodyShare {
    return this.admission!.bodyShare;
  }
}

const exchanges = new WeakMap<Response, CallbackExchange>();

/** Returns the exchange of a response; the first call for a response creates it. */
export function exchangeOf(response: Response): CallbackExchange {
  let exchange = exchanges.get(response);
  if (!exchange) {
    exchange = new CallbackExchange();
    exchanges.set(response, exchange);
  }
  return exchange;
}
