import { BASE, STALE, writtenGroup } from './fragments.js';

/** Somebody entered a group; OpenIM does not say who. */
export type MembersEntered = Record<string, never>;

/** A hint: nothing is known but that the group needs a look. */
export const MARK_GROUP_STALE = `
  WITH ${BASE},
  told AS (SELECT $2::json),
  effect AS (
    SELECT 0 AS delta, known.stale_since IS NULL AS touched, known.stale_since IS NULL AS changed, '${STALE.entered}' AS stale
    FROM moment LEFT JOIN known ON true
  ),
  ${writtenGroup()}
  SELECT changed FROM effect, told`;
