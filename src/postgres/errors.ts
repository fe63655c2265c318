import { DatabaseError } from 'pg';

/** A connection to PostgreSQL that could not be made, or broke; `cause` says why. */
export class ConnectionError extends Error {
  /** @param isLost whether the connection broke after a statement was sent */
  constructor(
    cause: unknown,
    readonly isLost = false,
  ) {
    const { message, code } = cause as NodeJS.ErrnoException;
    super(message || String(code), { cause }); // Node's AggregateError of several addresses has a code only
  }
}

/**
 * SQLSTATE classes and codes of the server's state, not of the statement
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): 08 connection exception, 53 insufficient resources,
 * 55P03 lock not available, 57 operator intervention and timeouts, 58 system error, 25006 a read-only server.
 */
const SERVER_STATE = /^(08|53|55P03|57|58|25006)/;

/** SQLSTATE classes of errors that the values cause: cardinality violation, data exception, constraint violation, program limit. */
const OF_THE_VALUES = /^(21|22|23|54)/;

/** SQLSTATEs after which the session cannot be used: its prepared statements are mixed up, or the server is ending it. */
const OF_THE_SESSION = /^(08|26000|42P05|57P)/;

/** SQLSTATEs of conflicts of two writers: serialization failure, deadlock. */
const CONFLICT = /^40(001|P01)/;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Whether the server answered a statement with an error: then the connection works. */
export const isStatementError = (error: unknown): boolean => error instanceof DatabaseError;

/** Whether the values of the statement cause the error: the same statement fails again. */
export const isOfTheValues = (error: unknown): boolean => OF_THE_VALUES.test(codeOf(error));

/** Whether another writer changed the same rows: the same statement may be run again at once. */
export const isConflict = (error: unknown): boolean => CONFLICT.test(codeOf(error));

/** Whether the session cannot be used for another statement. */
export const breaksSession = (error: unknown): boolean =>
  !isStatementError(error) || OF_THE_SESSION.test(codeOf(error));

/** Whether rows violate a constraint that a partition would add (23514, check_violation). */
export const isCheckViolation = (error: unknown): boolean => codeOf(error) === '23514';

/** Whether the role may not do this (42501, insufficient_privilege). */
export const lacksPrivilege = (error: unknown): boolean => codeOf(error) === '42501';

/** Whether another session held a lock for longer than `lock_timeout`. */
export const isLockTimeout = (error: unknown): boolean => codeOf(error) === '55P03';

/**
 * Whether the rows of the statement cause the error: their values, a lock of another session, a conflict, or statement_timeout (57014). A
 * statement about other rows may succeed at the same time.
 */
export const isOfTheRows = (error: unknown): boolean =>
  isStatementError(error) &&
  (isOfTheValues(error) || isConflict(error) || isLockTimeout(error) || codeOf(error) === '57014');

/** Whether no write can succeed now: the server lacks a resource, or is read-only. */
export const refusesAllWrites = (error: unknown): boolean => /^(53|58|25006)/.test(codeOf(error));

/** Whether a row with this primary key exists already. @param table its partitions have its name with a suffix */
export const isDuplicateKey = (error: unknown, table: string): boolean =>
  codeOf(error) === '23505' &&
  new RegExp(`^${table}(_\\w+)?_pkey$`).test((error as { constraint?: string }).constraint ?? '');

/** Whether PostgreSQL cannot be reached or cannot work now: the same statement may succeed later. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const { message = '', cause } = error as { message?: unknown; cause?: unknown };
  return (
    error instanceof ConnectionError ||
    SERVER_STATE.test(codeOf(error)) ||
    /Connection terminated|Query read timeout|not queryable|Driver not Connected/i.test(String(message)) ||
    isDatabaseUnavailable(cause)
  );
}
