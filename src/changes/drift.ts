/**
 * For FROM, as `r`: each drift that reconciliation found, with its group and when it was found, without `filled`: a backfill may have filled a
 * million groups today. A condition on `found_at` uses the index `group_changes_drift_idx`.
 */
export const DRIFT_ROWS = `(
    SELECT c.group_id, c.recorded_at AS found_at, d.kind, d.differences, d."missedCallbacks" AS missed_callbacks, d."userIDs" AS user_ids
    FROM group_changes c,
      jsonb_to_recordset(c.drift) AS d(kind text, differences integer, "missedCallbacks" integer, "userIDs" text[])
    WHERE c.drift IS NOT NULL AND c.source <> 'backfill'
  ) AS r`;
