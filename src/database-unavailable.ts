/**
 * SQLSTATE classes and codes that speak of the server's state, not of the statement
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): 08 connection exception, 53 insufficient resources,
 * 57P operator intervention, 58 system error, 28 and 3D at connect, 25006 a replica that was asked to write.
 */
const SERVER_STATE = /^(08|28|3D|53|57|58|25006|55P03)/;
/** Node's errors of a connection that cannot be made or broke. */
const NETWORK = /^(ECONN|EHOST|ENET|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)/;
/** What pg and pg-pool say without a code. */
const DRIVER =
  /timeout exceeded when trying to connect|connection timeout|timeout expired|Connection terminated|Query read timeout|not queryable|Driver not Connected/i;

/**
 * Whether this error means that PostgreSQL cannot be reached or cannot work now, so that the same statement may succeed later.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const { code = '', message = '', cause } = error as { code?: unknown; message?: unknown; cause?: unknown };
  return (
    SERVER_STATE.test(String(code)) ||
    NETWORK.test(String(code)) ||
    DRIVER.test(String(message)) ||
    isDatabaseUnavailable(cause)
  );
}
