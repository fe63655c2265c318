import type { Config } from '../config/config.js';
import { OpenImRefusal, OpenImUnreachable } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';
import { withTimeout } from '../waiting/with-timeout.js';
import { count } from './database-checks.js';
import { error, type Finding, ok, warning } from './finding.js';

/** Actions for refusals of the token (internal/rpc/auth/auth.go, GetAdminToken). */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1001, 'OPENIM_ADMIN_USER_ID must be one of imAdminUser.userIDs in OpenIM’s share.yml'],
  [1002, 'OPENIM_SECRET must be the secret in OpenIM’s share.yml'],
  [1004, 'Register the admin user in OpenIM, or set OPENIM_ADMIN_USER_ID to one that is registered'],
]);
const REFUSED = 'Read the log of OpenIM for the reason';
const UNREACHABLE =
  'OPENIM_API_URL must be the address where this machine reaches openim-api (port 10002 as shipped)';

/** Time limit of the check, in ms. */
const TIMEOUT_MS = 5000;

/** Checks that OpenIM answers, and accepts the secret. */
export async function checkOpenIm(config: Config): Promise<Finding> {
  if (config.OPENIM_API_URL === undefined) {
    return warning(
      'OPENIM_API_URL is not set: callbacks are the only source of the mirror',
      'Set it, with OPENIM_SECRET: then changes without a callback are fetched',
    );
  }
  const openIm = new OpenImClient(config);
  try {
    const total = await withTimeout(countGroups(openIm), TIMEOUT_MS, () => {
      throw new OpenImUnreachable(
        `OpenIM at ${config.OPENIM_API_URL} did not answer within ${TIMEOUT_MS / 1000} s`,
      );
    });
    return ok(
      `OpenIM at ${config.OPENIM_API_URL} accepts the secret, and shows its ${count(total, 'group')} and their members`,
    );
  } catch (problem) {
    const action =
      problem instanceof OpenImRefusal ? (REFUSALS.get(problem.errCode) ?? REFUSED) : UNREACHABLE;
    return error((problem as Error).message, action);
  } finally {
    openIm.close();
  }
}

/** Reads the number of groups, and the members of one. */
async function countGroups(openIm: OpenImClient): Promise<number> {
  const { total, groups } = await openIm.listGroups(1, 1);
  await Promise.all(Array.from(groups.keys(), (groupID) => openIm.listMembers(groupID, 1, 1)));
  return total;
}
