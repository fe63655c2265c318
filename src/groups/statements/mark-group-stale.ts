import { andLog } from '../../deliveries/delivery-log.js';
import { BASE, STALE, writtenGroup } from './fragments.js';

/** Somebody entered a group; OpenIM does not say who. */
export type MembersEntered = Record<string, never>;

/** A hint: nothing is known but that the group needs a look. */
export const MARK_GROUP_STALE = `
  WITH ${BASE},
  told AS (SELECT $2::json),
  effect AS (
    SELECT 0 AS delta, news AS touched, news AS changed, '${STALE.entered}' AS stale
    FROM (SELECT coalesce((SELECT nullif(stale_reason, '${STALE.creation}') FROM known), '') = '' AS news) AS hint
  ),
  ${writtenGroup()},
  ${andLog('SELECT changed FROM effect, told')}`;

/** A callback that was not written. Only a group that is known can be in doubt. */
export const DOUBT_GROUP = `
  UPDATE groups SET
    stale_reason = CASE WHEN stale_reason IS NULL OR stale_reason = '${STALE.creation}' THEN $2 ELSE stale_reason END,
    stale_since = coalesce(stale_since, now())
  WHERE group_id = $1`;
