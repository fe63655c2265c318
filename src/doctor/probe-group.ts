import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.js';
import { PROBE_PREFIX } from '../hooks/probe-groups.js';
import { OpenImRefusal } from '../openim/openim-error.js';
import { OpenImSession } from '../openim/openim-session.js';

/** Time limit of each request, in ms. */
const TIMEOUT_MS = 3000;
/** Says to whoever finds the group what it was for. It is dismissed at once: neither OpenIM nor the mirror lists it among the others. */
const NAME = 'openim-group-sync: probe of doctor';

/** A group of OpenIM's admin alone that doctor creates, renames and dismisses (internal/rpc/group/group.go). */
export class ProbeGroup {
  readonly groupID = `${PROBE_PREFIX}${randomUUID().slice(0, 8)}`;
  private readonly session: OpenImSession;
  private mayExist = false;
  /** Whether OpenIM said that it created the group. */
  isCreated = false;

  constructor(private readonly config: Config) {
    this.session = new OpenImSession(config);
  }

  /** Creates the group. OpenIM sends a notification of it to the admin only. @throws OpenImRefusal, OpenImUnreachable */
  async create(): Promise<void> {
    const ownerUserID = this.config.OPENIM_ADMIN_USER_ID;
    const groupInfo = { groupID: this.groupID, groupName: NAME, groupType: 2, ownerUserID };
    this.mayExist = true; // also where the answer is lost
    try {
      await this.call('/group/create_group', { ownerUserID, memberUserIDs: [], adminUserIDs: [], groupInfo });
      this.isCreated = true;
    } catch (problem) {
      this.mayExist = !(problem instanceof OpenImRefusal);
      throw problem;
    }
  }

  /** Renames the group. @throws OpenImRefusal, OpenImUnreachable */
  async rename(): Promise<void> {
    await this.call('/group/set_group_info', {
      groupInfoForSet: { groupID: this.groupID, groupName: `${NAME}, dismissed` },
    });
  }

  /** Dismisses the group, if it may exist. @throws OpenImRefusal, OpenImUnreachable */
  async dismiss(): Promise<void> {
    if (this.mayExist) {
      await this.call('/group/dismiss_group', { groupID: this.groupID, deleteMember: true });
      this.mayExist = false;
    }
  }

  close(): void {
    this.session.close();
  }

  /** Each action makes OpenIM send one callback, so that none is repeated. */
  private call(path: string, body: Record<string, unknown>): Promise<unknown> {
    return this.session.callOnce(path, body, TIMEOUT_MS);
  }
}
