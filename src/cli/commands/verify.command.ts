import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { STALE } from '../../groups/statements/stale.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { CACHE_WINDOW_S } from '../../openim/timing.js';
import { GroupReconciler } from '../../reconciliation/group-reconciler/group-reconciler.service.js';
import { CommandError, configWithOpenIm, type Context, printLine, withContext } from '../context/context.js';

/** Groups in a page of OpenIM's list. */
const PAGE = 100;
/** Delay before groups that differ are compared again, in ms: a callback may be in progress, and OpenIM's caches may be old. */
const COMPARE_AGAIN_MS = (CACHE_WINDOW_S + 1) * 1000;

/** A group that OpenIM does not have is no drift that reconciliation could repair. */
const SAMPLE = `
  SELECT group_id AS "groupID" FROM groups WHERE stale_reason IS DISTINCT FROM '${STALE.absent}' ORDER BY random() LIMIT $1`;

/**
 * Compares some groups with OpenIM: up to half of them are of a page of OpenIM's list, the others of the mirror. Writes nothing.
 * @returns whether all are equal
 */
export async function verify(sample: number): Promise<boolean> {
  return withContext(configWithOpenIm(), { LOG_LEVEL: 'warn', RUN_MIGRATIONS: false }, async (context) => {
    const groupIDs = await choose(context, sample);
    const reconciler = context.app.get(GroupReconciler);
    const differing = await compareAll(reconciler, groupIDs);
    if (differing.size > 0) {
      await sleep(COMPARE_AGAIN_MS);
    }
    const drift = await compareAll(reconciler, [...differing.keys()]);
    drift.forEach((description, groupID) => printLine(`${groupID}: ${description}`));
    printLine(`${groupIDs.length} groups compared, ${drift.size} differ`);
    return drift.size === 0;
  });
}

async function choose({ app }: Context, sample: number): Promise<string[]> {
  const openIm = app.get(OpenImClient);
  const { total } = await openIm.listGroups(1, 1);
  const chosen = new Set<string>();
  const pages = Math.ceil(total / PAGE);
  if (pages > 0) {
    const { groups } = await openIm.listGroups(1 + Math.floor(Math.random() * pages), PAGE);
    [...groups.keys()].slice(0, Math.ceil(sample / 2)).forEach((groupID) => chosen.add(groupID));
  }
  const mirrored = await app.get(DataSource).query<{ groupID: string }[]>(SAMPLE, [sample]);
  for (const { groupID } of mirrored) {
    if (chosen.size < sample) {
      chosen.add(groupID);
    }
  }
  if (chosen.size === 0) {
    throw new CommandError('There is no group to compare: neither OpenIM nor the mirror has one');
  }
  return [...chosen];
}

/** @returns the drift of each group that differs */
async function compareAll(reconciler: GroupReconciler, groupIDs: string[]): Promise<Map<string, string>> {
  const differing = new Map<string, string>();
  for (const groupID of groupIDs) {
    const compared = await reconciler.compare(groupID);
    if (!compared) {
      differing.set(groupID, 'OpenIM does not have it');
    } else if (compared.drift.length > 0) {
      differing.set(groupID, compared.drift.map(({ summary }) => summary).join('; '));
    } else if (compared.differing > 0) {
      differing.set(groupID, `${compared.differing} rows lack values that no callback reports`);
    } else if (compared.outcome !== 'verified') {
      differing.set(groupID, 'no full snapshot of OpenIM could be taken');
    }
  }
  return differing;
}
