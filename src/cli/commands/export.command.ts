import { pipeline } from 'node:stream/promises';
import { EXPORT_PAGE, pagesOf, textsOf } from '../../admin-api/list-export.js';
import { readConfig } from '../../config/read-config.js';
import { GroupsService } from '../../groups/groups.service.js';
import { GROUP_LIST, MEMBER_OF_GROUP_LIST } from '../../groups/list-columns.js';
import { withContext } from '../context/context.js';

/** What is exported, and how. */
export type ExportedList = 'groups' | 'members';
export interface ExportOptions {
  format: 'csv' | 'ndjson';
}

/** Writes all groups, or the current members of all groups, to stdout. Memory does not grow with the list. */
export async function exportList(list: ExportedList, { format }: ExportOptions): Promise<void> {
  await withContext(readConfig(), { LOG_LEVEL: 'error', RUN_MIGRATIONS: false }, async ({ app }) => {
    const groups = app.get(GroupsService);
    const query = { limit: EXPORT_PAGE };
    const texts =
      list === 'groups'
        ? textsOf(
            pagesOf(query, (page) => groups.listGroups(page)),
            format,
            GROUP_LIST.columns,
          )
        : textsOf(
            pagesOf(query, (page) => groups.listAllMembers(page)),
            format,
            MEMBER_OF_GROUP_LIST.columns,
          );
    await pipeline(texts, process.stdout, { end: false });
  });
}
