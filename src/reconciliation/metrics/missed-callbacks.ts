/** OpenIM waits for an answer for 15 s at most, so by as much one callback may be late, or overtake another one. */
const LATE = `d.outcome IN ('applied', 'unchanged')
        AND d.received_at > r.found_at - interval '15 seconds' AND d.received_at < r.found_at + interval '15 seconds'`;

/** The callbacks that tell of what has no user. */
const COMMANDS = `CASE r.kind
        WHEN 'group' THEN ARRAY['callbackAfterCreateGroupCommand']
        WHEN 'info' THEN ARRAY['callbackAfterSetGroupInfoCommand', 'callbackAfterSetGroupInfoExCommand']
        WHEN 'dismissed' THEN ARRAY['callbackAfterDisMissGroupCommand']
        WHEN 'owner' THEN ARRAY['callbackAfterTransferGroupOwnerCommand', 'callbackAfterSetGroupMemberInfoCommand']
        ELSE '{}' END`;

/**
 * Of a row `r` of `group_drifts`: how many callbacks that should have told it were lost. One that was only late, or was applied after
 * a later one, is not lost: a callback of the same group within 15 s that names the user or, where there is none, is of that kind.
 */
export const MISSED = `CASE
    WHEN r.missed_callbacks = 0 THEN 0
    WHEN r.user_ids IS NULL THEN greatest(0, r.missed_callbacks - (
      SELECT count(*) FROM callback_deliveries d
      WHERE d.group_id = r.group_id AND d.command = ANY (${COMMANDS}) AND ${LATE}
    ))
    ELSE least(r.missed_callbacks, (
      SELECT count(*) FROM unnest(r.user_ids) AS u WHERE NOT EXISTS (
        SELECT FROM callback_deliveries d
        WHERE d.group_id = r.group_id AND ${LATE} AND position(convert_to(to_json(u)::text, 'UTF8') IN d.body) > 0
      )
    )) END`;
