import type { ClientBase } from 'pg';

/** The settings in which sessions differ. */
export interface SessionSettings {
  /** Schema of the tables; undefined: the first one of the search_path of the role, the database or the url. */
  readonly schema?: string;
  /** Time for which a statement waits for a lock, in ms. */
  readonly lockTimeoutMs: number;
  /** Time limit of a statement, in ms; 0: none. */
  readonly statementTimeoutMs: number;
}

/** Time limit of preparing a session, in ms. */
const PREPARE_TIMEOUT_MS = 3000;

/**
 * Sets everything on which correctness and the parsing of values depend, whatever the url, the role and the database set. It is a statement,
 * since a pooler refuses the startup parameter `options`, or drops it.
 *
 * - The statements of `GroupSyncService` need REPEATABLE READ, and check it themselves (`statements/building-blocks.ts`).
 * - synchronous_commit: an acknowledged callback is on disk.
 * - A replica that is frozen or disconnected in a transaction loses its locks within 10 s.
 * - Workers of a parallel plan start in some ms, in which a page of a list is read; they are for reports.
 * - work_mem holds a list of 100,000 members, which would be sorted on disk otherwise.
 * - node-postgres reads dates in ISO format.
 *
 * Only superusers may set lc_messages; only the language of the log depends on it.
 */
const PREPARE = `
  SELECT set_config('search_path', coalesce(quote_ident($1), quote_ident(current_schema()), ''), false),
    set_config('lock_timeout', $2, false),
    set_config('statement_timeout', $3, false),
    set_config('default_transaction_isolation', 'repeatable read', false),
    set_config('idle_in_transaction_session_timeout', '10s', false),
    set_config('tcp_keepalives_idle', '10', false),
    set_config('tcp_keepalives_interval', '5', false),
    set_config('tcp_keepalives_count', '3', false),
    set_config('max_parallel_workers_per_gather', '0', false),
    set_config('work_mem', '32MB', false),
    set_config('TimeZone', 'UTC', false),
    set_config('DateStyle', 'ISO, YMD', false),
    set_config('IntervalStyle', 'postgres', false),
    set_config('bytea_output', 'hex', false),
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END,
    CASE WHEN current_setting('is_superuser') = 'on' THEN set_config('lc_messages', 'C', false) END`;

/** Prepares a new session. @throws the driver's error */
export async function prepareSession(client: ClientBase, settings: SessionSettings): Promise<void> {
  const { schema = null, lockTimeoutMs, statementTimeoutMs } = settings;
  const query = {
    text: PREPARE,
    values: [schema, String(lockTimeoutMs), String(statementTimeoutMs)],
    query_timeout: PREPARE_TIMEOUT_MS,
  };
  await client.query(query);
}
