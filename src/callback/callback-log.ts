import type { Response } from 'express';

/** What the log and the metrics tell of one callback, gathered on its way. Never a secret, never a body. */
export interface CallbackLog {
  command?: string;
  operationID?: string;
  groupID?: string;
  outcome?: 'applied' | 'unchanged' | 'ignored' | 'refused' | 'failed';
  problems?: string;
}

/** The notes of the callback that this response answers. */
export function callbackLog(response: Response): CallbackLog {
  return (response.locals['callback'] ??= {}) as CallbackLog;
}
