import type { Config } from '../config/config.js';
import { OpenImRefusal } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';
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
    const { total, groups } = await openIm.listGroups(1, 1);
    await Promise.all(Array.from(groups.keys(), (groupID) => openIm.listMembers(groupID, 1, 1)));
    return ok(
      `OpenIM at ${config.OPENIM_API_URL} accepts the secret, and shows its ${total} groups and their members`,
    );
  } catch (problem) {
    const action =
      problem instanceof OpenImRefusal ? (REFUSALS.get(problem.errCode) ?? REFUSED) : UNREACHABLE;
    return error((problem as Error).message, action);
  }
}
