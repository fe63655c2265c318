/** Codes of OpenIM's answers (pkg/common/servererrs/code.go). */
export const ErrCode = {
  NoPermission: 1002,
  TokenExpired: 1501,
  TokenNotExist: 1507,
  Internal: 500,
} as const;

/** Maximum length of a detail of OpenIM, in characters. */
const MAX_DETAIL = 200;

/** Shortens a detail of OpenIM's error: without the call stack (tools/errs), and without the passwords of urls, as those of callbacks. */
const briefly = (detail: string): string =>
  detail
    .split(' | -> ')[0]!
    .replace(/:\/\/[^/@\s]*@/g, '://***@')
    .slice(0, MAX_DETAIL);

/** OpenIM answered with an error code. */
export class OpenImRefusal extends Error {
  constructor(
    path: string,
    readonly errCode: number,
    errMsg: string,
    errDlt: string,
  ) {
    const detail = errDlt && errDlt !== errMsg ? ` (${briefly(errDlt)})` : '';
    super(`OpenIM refused ${path}: ${errCode} ${errMsg}${detail}`);
  }

  /** Whether OpenIM rejects the token, so that a new one helps. */
  get isTokenError(): boolean {
    return this.errCode >= ErrCode.TokenExpired && this.errCode <= ErrCode.TokenNotExist;
  }

  /** Whether OpenIM refuses the caller, whatever the request is. */
  get isCallerError(): boolean {
    return this.isTokenError || this.errCode === ErrCode.NoPermission;
  }
}

/** No answer of OpenIM arrived: no connection, a timeout, the page of a proxy. */
export class OpenImUnreachable extends Error {
  /**
   * @param isTimeout whether the time limit passed: a retry would hold the connection for as long again
   * @param status HTTP status of an answer that is not OpenIM's
   */
  constructor(
    message: string,
    options?: ErrorOptions,
    readonly isTimeout = false,
    readonly status?: number,
  ) {
    super(message, options);
  }
}

/** OpenIM's answer has another shape than documented. Nothing of it is used. */
export class OpenImAnswerError extends Error {}

/** Whether the error comes from OpenIM, and not from this service or its database. */
export const isOpenImError = (error: unknown): error is Error =>
  error instanceof OpenImRefusal || error instanceof OpenImUnreachable || error instanceof OpenImAnswerError;
