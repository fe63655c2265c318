import type { Config } from '../config/config.js';
import type { SessionSettings } from '../postgres/session.js';

/** Time limit of a statement, in ms: a group of 100,000 members takes a few seconds on a slow disk. */
const STATEMENT_TIMEOUT_MS = 30_000;
/**
 * Time for which a statement waits for a lock, in ms. With a journal the callback then goes to the journal, and the connection is free for other
 * groups. Without a journal the callback is lost then, so that it waits nearly as long as OpenIM does.
 */
const LOCK_TIMEOUT_MS = { on: 900, off: 3000 };

/** Returns the settings of the service's sessions. */
export const sessionSettings = ({
  DATABASE_SCHEMA,
  JOURNAL,
}: Pick<Config, 'DATABASE_SCHEMA' | 'JOURNAL'>): SessionSettings => ({
  schema: DATABASE_SCHEMA,
  lockTimeoutMs: LOCK_TIMEOUT_MS[JOURNAL],
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
});
