import { ErrCode, isOpenImError, OpenImRefusal } from './openim-error.js';
import type { OpenImSession } from './openim-session.js';

/** Time limit of a probe, in ms. */
const PROBE_TIMEOUT_MS = 5000;
/** Time for which the result of a probe counts, in ms. */
const PROBE_TTL_MS = 1000;

/** Cheap requests. An outage makes all of them fail. */
const PROBES = [
  ['/group/get_groups', { pagination: { pageNumber: 1, showNumber: 1 }, groupName: '', groupID: '' }],
  ['/group/get_groups_info', { groupIDs: ['openim-group-sync-probe'] }],
] as const;

/** Distinguishes an outage of OpenIM from a failure for single groups: one list may always fail while OpenIM serves all others. */
export class OutageProbe {
  private last?: { readonly at: number; readonly isOutage: Promise<boolean> };

  constructor(private readonly session: OpenImSession) {}

  /**
   * Returns the reason of a failure that concerns only the request.
   * @throws the error itself in an outage (OpenIM is unreachable, or rejects the token), or where it is no error of OpenIM
   */
  async reasonUnlessOutage(error: unknown): Promise<string> {
    if (!isOpenImError(error)) {
      throw error;
    }
    this.session.throwIfClosed();
    const now = performance.now();
    if (!this.last || now - this.last.at > PROBE_TTL_MS) {
      this.last = { at: now, isOutage: this.probe() };
    }
    if (await this.last.isOutage) {
      throw error;
    }
    return error.message;
  }

  private async probe(): Promise<boolean> {
    const served = await Promise.all(
      PROBES.map(([path, body]) =>
        this.session
          .withPriority(true, () => this.session.callOnce(path, body, PROBE_TIMEOUT_MS))
          .then(() => true, isServed),
      ),
    );
    return !served.includes(true);
  }
}

/** Whether a refusal concerns the request: then OpenIM works. */
const isServed = (error: unknown): boolean =>
  error instanceof OpenImRefusal && !error.isCallerError && error.errCode !== ErrCode.Internal;
