import type { Config } from '../config/config.js';
import type { SessionSettings } from '../postgres/session.js';

/** A group of 100,000 members takes a few seconds on a slow disk, in ms. */
const STATEMENT_TIMEOUT_MS = 30_000;
/**
 * How long a statement waits for a lock, in ms: with a journal the callback goes there and the connection is free for other groups;
 * without, the callback is lost, and may wait nearly as long as OpenIM does.
 */
const LOCK_TIMEOUT_MS = { on: 900, off: 3000 };

/** How the sessions of the service are. */
export const sessionSettings = ({
  DATABASE_SCHEMA,
  JOURNAL,
}: Pick<Config, 'DATABASE_SCHEMA' | 'JOURNAL'>): SessionSettings => ({
  schema: DATABASE_SCHEMA,
  lockTimeoutMs: LOCK_TIMEOUT_MS[JOURNAL],
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
});
