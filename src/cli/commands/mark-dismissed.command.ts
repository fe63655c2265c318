import { GroupSyncService } from '../../groups/group-sync.service.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { KnownGroupsService } from '../../reconciliation/snapshots/known-groups.service.js';
import { CommandError, configWithOpenIm, say, withContext } from '../context/context.js';

/** Groups asked about in one request. */
const PAGE = 300;

/**
 * Marks groups dismissed that OpenIM does not have any more: their rows were deleted there by hand, or a backup was restored.
 * @returns whether all of them are marked
 * @throws CommandError where none are named; the error of OpenIM where it does not answer
 */
export async function markDismissed(
  groupIDs: string[],
  { all = false }: { all?: boolean },
): Promise<boolean> {
  if (groupIDs.length > 0 === all) {
    throw new CommandError(
      'Name the groups, or give --all for every group that OpenIM does not have any more',
    );
  }
  return withContext(configWithOpenIm(), { LOG_LEVEL: 'warn', RUN_MIGRATIONS: false }, async ({ app }) => {
    const pages = all ? app.get(KnownGroupsService).absent(PAGE) : [groupIDs];
    let [marked, others] = [0, 0];
    for await (const page of pages) {
      const present = page.length > 0 ? await app.get(OpenImClient).getGroups(page) : new Map();
      for (const groupID of page) {
        if (present.has(groupID)) {
          say(`${groupID}: OpenIM has it; it stays as it is`);
        } else if (await app.get(GroupSyncService).endAbsentGroup(groupID)) {
          marked += 1;
          continue;
        } else {
          say(
            `${groupID}: it is not here, or reconciliation did not find it missing in OpenIM yet; it stays as it is`,
          );
        }
        others += 1;
      }
    }
    say(`${marked} groups marked dismissed, ${others} left as they are`);
    return others === 0;
  });
}
