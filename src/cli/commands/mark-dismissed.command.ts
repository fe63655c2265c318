import { GroupSyncService } from '../../groups/group-sync.service.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { KnownGroupsService } from '../../reconciliation/snapshots/known-groups.service.js';
import { CommandError, configWithOpenIm, printLine, withContext } from '../context/context.js';

/** Groups in one request to OpenIM. */
const PAGE = 300;

/**
 * Marks groups dismissed that OpenIM no longer has: their rows were deleted there by hand, or a backup was restored.
 * @returns whether all of them are marked
 * @throws CommandError without groups and without --all; the error of OpenIM where it does not answer
 */
export async function markDismissed(
  groupIDs: string[],
  { all = false }: { all?: boolean },
): Promise<boolean> {
  if (groupIDs.length > 0 === all) {
    throw new CommandError('Name the groups, or give --all for every group that OpenIM no longer has');
  }
  return withContext(configWithOpenIm(), { LOG_LEVEL: 'warn', RUN_MIGRATIONS: false }, async ({ app }) => {
    const pages = all ? app.get(KnownGroupsService).absent(PAGE) : [groupIDs];
    let [marked, skipped] = [0, 0];
    for await (const page of pages) {
      const present = page.length > 0 ? await app.get(OpenImClient).getGroups(page) : new Map();
      for (const groupID of page) {
        if (present.has(groupID)) {
          printLine(`${groupID}: left as it is, since OpenIM has it`);
        } else if (await app.get(GroupSyncService).endAbsentGroup(groupID)) {
          marked += 1;
          continue;
        } else {
          printLine(
            `${groupID}: left as it is, since the mirror does not have it or no reconciliation has found it missing in OpenIM`,
          );
        }
        skipped += 1;
      }
    }
    printLine(`${marked} groups marked dismissed, ${skipped} left as they are`);
    return skipped === 0;
  });
}
