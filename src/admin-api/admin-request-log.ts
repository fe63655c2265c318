import type { Response } from 'express';

/** What the log line tells of one request to the admin API with a right key. Never the key. */
export interface AdminRequestLog {
  /** Which key: its place in `ADMIN_API_KEY`, from 1, and what stays the same when that changes. */
  adminKey?: { number: number; fingerprint: string };
  /** The parameters of the path, such as `groupID`. */
  params?: Record<string, string>;
  operationID?: string;
}

/** The notes of the admin request that this response answers. */
export function adminRequestLog(response: Response): AdminRequestLog {
  return (response.locals['adminRequest'] ??= {}) as AdminRequestLog;
}
