import type { Response } from 'express';

/** Fields of the log line of a request with a valid admin key. They never contain the key. */
export interface AdminRequestLog {
  /** The position of the key in `ADMIN_API_KEY`, from 1, and a fingerprint, which stays the same when positions change. */
  adminKey?: { number: number; fingerprint: string };
  /** Parameters of the path, such as `groupID`. */
  params?: Record<string, string>;
  operationID?: string;
}

/** Returns the fields of the request that this response answers. */
export function adminRequestLog(response: Response): AdminRequestLog {
  return (response.locals['adminRequest'] ??= {}) as AdminRequestLog;
}
