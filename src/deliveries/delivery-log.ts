import { uuidv7 } from 'uuidv7';

/** A callback that is being handled, with the columns of its row in the log. */
export class Delivery {
  /** Time of its arrival, in ms since 1970, by the clock of this machine. */
  readonly arrivedAt = Date.now();
  private readonly start = performance.now();

  constructor(
    readonly command: string,
    readonly operationID: string,
    readonly replayOf: string | null = null,
    /** A UUID of version 7: it is ordered by time, and unique without a sequence that replicas share. */
    readonly id: string = uuidv7(),
  ) {}

  /** Whether a statement with it was sent, so that PostgreSQL may have written it. */
  mayBeWritten = false;
  /** Whether the journal contains the callback. No further statement with it is sent then. */
  isJournaled = false;
  /** Whether an ignored callback gets a row in the log. */
  isLogged = true;
  groupID: string | null = null;
  summary: string | null = null;
  /** The body; null for commands whose bodies the log does not keep. */
  body: Buffer | null = null;
  /** Why it was rejected, failed, or could not be mirrored. */
  problems: string | null = null;

  /** Time since its arrival, in ms, by the monotonic clock. */
  get elapsedMs(): number {
    return performance.now() - this.start;
  }

  /** Returns the parameters $4 to $12 of a statement: the columns that are known before the outcome. */
  parameters(): unknown[] {
    return [
      this.id,
      this.command,
      this.operationID,
      this.groupID,
      this.summary,
      this.elapsedMs,
      this.body,
      this.replayOf,
      this.problems,
    ];
  }
}

const COLUMNS =
  'id, command, operation_id, group_id, summary, duration_ms, body, replay_of, problems, received_at, outcome';

/** @param receivedAt an SQL expression; NULL: now */
const values = (first: number, receivedAt = 'NULL'): string => {
  const [id, command, operationID, groupID, summary, elapsedMs, body, replayOf, problems] = Array.from(
    { length: 9 },
    (_, index) => `$${first + index}`,
  );
  return `${id}::uuid, ${command}, ${operationID}, ${groupID}, ${summary},
      ${elapsedMs}::real + extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000, ${body}::bytea, ${replayOf}::uuid,
      ${problems}::text, date_trunc('milliseconds', coalesce(${receivedAt}, clock_timestamp()))`;
};

/**
 * Returns the INSERT of a delivery with a change, for a statement of `GroupSyncService`. `received_at` of a callback from the journal is the
 * time when it was received, `received_at` of a replay the time of the replay.
 * @param outcome an expression
 * @param from a CTE of one row; without a row nothing is logged
 */
export const logDelivery = (outcome: string, from: string): string => `
    INSERT INTO callback_deliveries (${COLUMNS})
    SELECT ${values(4, 'CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END')}, ${outcome}
    FROM ${from}
    WHERE $4::uuid IS NOT NULL`;

/**
 * Returns the end of a statement of `GroupSyncService`: the change and its row in the log are committed together.
 * @param changed a SELECT of one row with the boolean `changed`
 */
export const andLogDelivery = (changed: string): string => `
  done AS (${changed}),
  logged AS (${logDelivery("CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END", 'done')}
  )
  SELECT changed FROM done`;

/** Logs a delivery that wrote nothing: $1 to $9 its columns, $10 the outcome, $11 when it was received (null: now). */
export const LOG_ONLY = `INSERT INTO callback_deliveries (${COLUMNS}) SELECT ${values(1, '$11::timestamptz')}, $10`;
