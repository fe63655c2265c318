import type { Config } from '../../config/config.js';
import { OpenImRefusal } from '../../openim/openim-error.js';
import { OpenImClient } from '../../openim/openim.client.js';
import type { Finding } from './finding.js';

/** What refusals of a token mean (internal/rpc/auth/auth.go, GetAdminToken). */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [1001, 'OPENIM_ADMIN_USER_ID must be one of imAdminUser.userIDs in OpenIM’s share.yml'],
  [1002, 'OPENIM_SECRET must be the secret in OpenIM’s share.yml'],
  [1004, 'The admin user is not registered in OpenIM'],
]);

/** Whether OpenIM can be asked, and as an admin. */
export async function checkOpenIm(config: Config): Promise<Finding[]> {
  if (config.OPENIM_API_URL === undefined) {
    return [
      {
        is: 'doubtful',
        what: 'OPENIM_API_URL is not set: the mirror lives on callbacks alone',
        advice: 'Set it, with OPENIM_SECRET, and what callbacks do not tell is fetched',
      },
    ];
  }
  const openIm = new OpenImClient(config);
  try {
    const { total, groups } = await openIm.listGroups(1, 1);
    await Promise.all(Array.from(groups.keys(), (groupID) => openIm.listMembers(groupID, 1, 1)));
    return [
      {
        is: 'well',
        what: `OpenIM at ${config.OPENIM_API_URL} takes the secret, and shows its ${total} groups and their members`,
      },
    ];
  } catch (error) {
    const advice = error instanceof OpenImRefusal ? REFUSALS.get(error.errCode) : UNREACHABLE;
    return [{ is: 'wrong', what: (error as Error).message, ...(advice && { advice }) }];
  }
}

const UNREACHABLE =
  'OPENIM_API_URL is where openim-api listens (port 10002 as shipped), as this machine reaches it';
