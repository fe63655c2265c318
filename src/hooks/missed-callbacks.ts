import { CALLBACK_DELAY_S } from '../openim/timing.js';
import { COMMANDS_OF_DRIFT } from './hooks-of-drift.js';

/** A delivery `d` that may be the late or overtaken callback of the drift `r`. */
const IS_NEAR = `d.outcome IN ('applied', 'unchanged')
        AND d.received_at > r.found_at - interval '${CALLBACK_DELAY_S} seconds'
        AND d.received_at < r.found_at + interval '${CALLBACK_DELAY_S} seconds'`;

/**
 * Number of callbacks lost for a row `r` of `DRIFT_ROWS`. Not lost, but late or overtaken, is a callback of the same group within
 * `CALLBACK_DELAY_S` that contains the user or, where the drift has no users, is of its kind.
 */
export const MISSED_CALLBACKS = `CASE
    WHEN r.missed_callbacks = 0 THEN 0
    WHEN r.user_ids IS NULL THEN greatest(0, r.missed_callbacks - (
      SELECT count(*) FROM callback_deliveries d
      WHERE d.group_id = r.group_id AND d.command = ANY (${COMMANDS_OF_DRIFT}) AND ${IS_NEAR}
    ))
    ELSE least(r.missed_callbacks, (
      SELECT count(*) FROM unnest(r.user_ids) AS u WHERE NOT EXISTS (
        SELECT FROM callback_deliveries d
        WHERE d.group_id = r.group_id AND ${IS_NEAR} AND position(convert_to(to_json(u)::text, 'UTF8') IN d.body) > 0
      )
    )) END`;
