import type { DriftKind } from '../changes/group-change.entity.js';

/** A hook of OpenIM: its key in `webhooks.yml`, and the command of its callbacks. */
interface Hook {
  readonly key: string;
  readonly command: string;
}

const hook = (key: string, command: string): Hook => ({ key, command: `callback${command}Command` });

/** The hooks whose callbacks report drift of each kind. OpenIM has none for the others. */
export const HOOKS_OF_DRIFT: Readonly<Partial<Record<DriftKind, readonly Hook[]>>> = {
  group: [hook('afterCreateGroup', 'AfterCreateGroup')],
  info: [hook('afterSetGroupInfo', 'AfterSetGroupInfo'), hook('afterSetGroupInfoEx', 'AfterSetGroupInfoEx')],
  dismissed: [hook('afterDismissGroup', 'AfterDisMissGroup')],
  owner: [
    hook('afterTransferGroupOwner', 'AfterTransferGroupOwner'),
    hook('afterSetGroupMemberInfo', 'AfterSetGroupMemberInfo'),
  ],
  joined: [hook('afterJoinGroup', 'AfterJoinGroup')],
  left: [hook('afterQuitGroup', 'AfterQuitGroup'), hook('afterKickGroupMember', 'AfterKickGroup')],
  role: [hook('afterSetGroupMemberInfo', 'AfterSetGroupMemberInfo')],
};

/** For SQL: the commands of drift `r` by its kind. */
export const COMMANDS_OF_DRIFT = `CASE r.kind
        ${Object.entries(HOOKS_OF_DRIFT)
          .map(
            ([kind, hooks]) =>
              `WHEN '${kind}' THEN ARRAY[${hooks.map(({ command }) => `'${command}'`).join(', ')}]`,
          )
          .join('\n        ')}
        ELSE '{}' END`;
