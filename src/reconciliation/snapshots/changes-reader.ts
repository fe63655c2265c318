import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import { DISMISSED } from '../../openim/constants.js';
import type { GroupChanges, GroupInfo, GroupVersion, PerGroup } from '../../openim/openim-answers.js';
import { OpenImRefusal } from '../../openim/openim-error.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { LANES } from '../queue/lanes.js';
import { type ChangesResult, type InfoResult, toChangesResult, toInfoResult } from './changes-result.js';

/** Time for which a call of `readSince` waits for others to share a request, in ms. */
const BATCH_MS = 10;
/** The same time for a call of the background, in ms, unless `BACKGROUND_BATCH_GROUPS` of them wait. */
const BACKGROUND_BATCH_MS = 200;
/** As many groups as the lane of the background has: more never wait. */
const BACKGROUND_BATCH_GROUPS = LANES.background;
const BATCH_GROUPS = 100;

/** A call of `readSince`. */
interface Call {
  readonly groupID: string;
  readonly before: ChangesResult;
}

/** Reads the changes of groups, with a result for each of them: a group for which OpenIM fails does not affect the others. */
@Injectable()
export class ChangesReader {
  private readonly loader = this.createLoader((dispatch) => void setTimeout(dispatch, BATCH_MS));
  private readonly backgroundLoader = this.createLoader((dispatch) => {
    const timer = setTimeout(dispatch, BACKGROUND_BATCH_MS);
    this.backgroundBatch = {
      size: 0,
      dispatch: () => {
        clearTimeout(timer);
        dispatch();
      },
    };
  });
  private backgroundBatch = { size: 0, dispatch: (): void => undefined };

  constructor(private readonly openIm: OpenImClient) {}

  /**
   * Reads the changes of some groups since their versions.
   * @throws the error of OpenIM in an outage
   */
  async read(versions: GroupVersion[]): Promise<Map<string, ChangesResult>> {
    const results = new Map<string, ChangesResult>();
    for (
      let remaining = versions;
      remaining.length > 0;
      remaining = remaining.filter(({ groupID }) => !results.has(groupID))
    ) {
      const { changes, problem } = await this.request(remaining);
      const answered = remaining.filter(({ groupID }) => changes.has(groupID));
      answered.forEach(({ groupID }) => results.set(groupID, toChangesResult(changes.get(groupID)!)));
      if (answered.length === 0) {
        const others = await this.bisect(remaining, problem);
        others.forEach((result, groupID) => results.set(groupID, result));
      }
    }
    return results;
  }

  /**
   * Reads the changes of a group since an earlier result. Concurrent calls share requests.
   * @param isBackground whether nobody needs the group within seconds, so that the call may wait longer for others
   * @throws the error of OpenIM in an outage
   */
  readSince(groupID: string, before: ChangesResult, isBackground: boolean): Promise<ChangesResult> {
    if (!isBackground) {
      return this.loader.load({ groupID, before });
    }
    const result = this.backgroundLoader.load({ groupID, before });
    this.backgroundBatch.size += 1;
    if (this.backgroundBatch.size >= BACKGROUND_BATCH_GROUPS) {
      this.backgroundBatch.dispatch();
    }
    return result;
  }

  /**
   * Reads the current info of groups, without members.
   * @throws the error of OpenIM in an outage
   */
  async readInfos(groupIDs: string[]): Promise<Map<string, InfoResult>> {
    if (groupIDs.length === 0) {
      return new Map();
    }
    let infos: PerGroup<GroupInfo>;
    try {
      infos = await this.openIm.getGroups(groupIDs);
    } catch (error) {
      const reason = await this.openIm.reasonUnlessOutage(error);
      if (groupIDs.length === 1) {
        return new Map([[groupIDs[0]!, { kind: 'failed', reason }]]);
      }
      const half = Math.ceil(groupIDs.length / 2);
      return new Map([
        ...(await this.readInfos(groupIDs.slice(0, half))),
        ...(await this.readInfos(groupIDs.slice(half))),
      ]);
    }
    return new Map(groupIDs.map((groupID) => [groupID, toInfoResult(infos.get(groupID))]));
  }

  private createLoader(schedule: (dispatch: () => void) => void): DataLoader<Call, ChangesResult> {
    return new DataLoader<Call, ChangesResult>((calls) => this.readBatch(calls), {
      cache: false,
      maxBatchSize: BATCH_GROUPS,
      batchScheduleFn: schedule,
    });
  }

  private async readBatch(calls: readonly Call[]): Promise<ChangesResult[]> {
    const versions = calls.flatMap(({ before }) => (before.kind === 'changes' ? [before.changes] : []));
    const others = calls.filter(({ before }) => before.kind !== 'changes');
    const results = await this.openIm.urgently(async (): Promise<[string, ChangesResult][]> => [
      ...(await this.read(versions)),
      ...(await this.readInfos(others.map(({ groupID }) => groupID))),
    ]);
    const byGroup = new Map(results);
    return calls.map(({ groupID }) => byGroup.get(groupID)!);
  }

  private async request(
    versions: GroupVersion[],
  ): Promise<{ changes: PerGroup<GroupChanges>; problem?: Error }> {
    try {
      return { changes: await this.openIm.getChanges(versions) };
    } catch (error) {
      await this.openIm.reasonUnlessOutage(error);
      return { changes: new Map(), problem: error as Error };
    }
  }

  /**
   * Finds by their infos, and by halves, the groups that make a request fail.
   * @param problem error of the request; undefined: OpenIM left the groups out
   */
  private async bisect(versions: GroupVersion[], problem?: Error): Promise<Map<string, ChangesResult>> {
    const infos = await this.readInfos(versions.map(({ groupID }) => groupID));
    if (!problem) {
      return infos;
    }
    if (versions.length === 1) {
      const [groupID, info] = [...infos][0]!;
      const isRefused = problem instanceof OpenImRefusal;
      return isRefused || info.kind !== 'versionless'
        ? infos
        : new Map([[groupID, { kind: 'failed', reason: problem.message }]]);
    }
    const isActive = ({ groupID }: GroupVersion): boolean => {
      const info = infos.get(groupID)!;
      return info.kind === 'versionless' && info.info.status !== DISMISSED;
    };
    const active = versions.filter(isActive);
    if (active.length < versions.length) {
      active.forEach(({ groupID }) => infos.delete(groupID));
      return infos;
    }
    const half = Math.ceil(active.length / 2);
    return new Map([...(await this.read(active.slice(0, half))), ...(await this.read(active.slice(half)))]);
  }
}
