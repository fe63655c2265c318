/**
 * Of a row `r` of `group_repairs`: whether callbacks that should have told it were lost. One that was only late is not: one of the
 * group that came within the 15 s that OpenIM waits for an answer, and told what was known by then.
 */
export const MISSED = `missed > 0 AND NOT EXISTS (
      SELECT FROM callback_deliveries d
      WHERE d.group_id = r.group_id AND d.outcome = 'unchanged'
        AND d.received_at >= r.found_at AND d.received_at < r.found_at + interval '15 seconds'
    )`;
