/** Codes of OpenIM's answers (pkg/common/servererrs/code.go). */
export const ErrCode = {
  NoPermission: 1002,
  TokenExpired: 1501,
  TokenNotExist: 1507,
  Internal: 500,
} as const;

/** OpenIM answered, and refused. */
export class OpenImRefusal extends Error {
  constructor(
    path: string,
    readonly errCode: number,
    errMsg: string,
    errDlt: string,
  ) {
    super(`OpenIM refused ${path}: ${errCode} ${errMsg}${errDlt && errDlt !== errMsg ? ` (${errDlt})` : ''}`);
  }

  /** Whether another token helps. */
  get isOfToken(): boolean {
    return this.errCode >= ErrCode.TokenExpired && this.errCode <= ErrCode.TokenNotExist;
  }

  /** Whether it is about who asks, and not about what is asked. */
  get isOfAsker(): boolean {
    return this.isOfToken || this.errCode === ErrCode.NoPermission;
  }
}

/** OpenIM could not be reached, or what answered is not OpenIM: a timeout, a proxy's page, an answer of another shape. */
export class OpenImUnreachable extends Error {
  /** @param isTimeout whether no answer came in time: another try would hold the connection for as long again */
  constructor(
    message: string,
    options?: ErrorOptions,
    readonly isTimeout = false,
  ) {
    super(message, options);
  }
}

/** OpenIM answered with something else than documented, so that nothing of the answer is believed. */
export class OpenImAnswerError extends Error {}

/** Whether an error says that OpenIM could not be asked or did not answer properly: no error of this service or its database. */
export const isOfOpenIm = (error: unknown): error is Error =>
  error instanceof OpenImRefusal || error instanceof OpenImUnreachable || error instanceof OpenImAnswerError;
