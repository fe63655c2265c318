import { uuidv7 } from 'uuidv7';
import type { Outcome } from './callback-delivery.entity.js';

/** What the log keeps of a request, for the statement that logs it. */
export class Delivery {
  /** When it came, ms since 1970 by the clock of this machine. */
  readonly arrivedAt = Date.now();
  private readonly start = performance.now();

  constructor(
    readonly command: string,
    readonly operationID: string,
    readonly replayOf: string | null = null,
    /** Of version 7: ordered by time, and unique without a sequence that replicas would share. */
    readonly id: string = uuidv7(),
  ) {}

  /** Whether a statement was sent for it: PostgreSQL may have it. */
  isSent = false;
  /** Whether the journal has the callback: a statement that was not sent then is not sent any more. */
  isJournaled = false;
  /** Whether it has a row in the log, where it is ignored. */
  isLogged = true;
  groupID: string | null = null;
  summary: string | null = null;
  /** The body, as far as the log keeps it. */
  body: Buffer | null = null;
  /** Why it is refused or failed, or why what it tells cannot be mirrored. */
  problems: string | null = null;

  /** How long ago it came, in ms, whatever was done to the clock. */
  get elapsedMs(): number {
    return performance.now() - this.start;
  }

  /** The parameters of the columns that are known before the outcome is, $4 to $12 of a statement. */
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

/** @param receivedAt an expression; NULL: now */
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
 * Ends a statement of `GroupSyncService`, so that the change and its row in the log commit together: that of a callback which waited
 * in the journal says when it was received, that of a replay when it was replayed.
 * @param changed a SELECT of one row with the boolean `changed`
 */
export const andLogDelivery = (changed: string): string => `
  done AS (${changed}),
  logged AS (
    INSERT INTO callback_deliveries (${COLUMNS})
    SELECT ${values(4, 'CASE WHEN $11::uuid IS NULL THEN $3::timestamptz END')}, CASE WHEN done.changed THEN 'applied' ELSE 'unchanged' END
    FROM done
    WHERE $4::uuid IS NOT NULL
  )
  SELECT changed FROM done`;

/** Logs what changed nothing: $1 to $9 of the delivery, $10 the outcome, $11 when it was received (null: now). */
export const LOG_ONLY = `INSERT INTO callback_deliveries (${COLUMNS}) SELECT ${values(1, '$11::timestamptz')}, $10`;

/** The outcomes that `LOG_ONLY` logs. */
export type RejectedOutcome = Exclude<Outcome, 'applied' | 'unchanged'>;
