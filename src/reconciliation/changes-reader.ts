import { Injectable } from '@nestjs/common';
import { DISMISSED } from '../openim/constants.js';
import type { GroupChanges, GroupInfo, GroupVersion } from '../openim/openim-answers.js';
import { ErrCode, OpenImRefusal } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';

/**
 * What OpenIM says of a group that it is asked about: what changed; or that it keeps no version of it (it is dismissed, or has no
 * owner); or nothing, since it does not have it.
 */
export type Answer =
  | { readonly kind: 'changes'; readonly changes: GroupChanges }
  | { readonly kind: 'versionless'; readonly info: GroupInfo }
  | { readonly kind: 'absent' };

/** What a batch answers where a group in it is not there, has no owner or (older servers) is dismissed. */
const POISON = new Set<number>([ErrCode.RecordNotFound, ErrCode.GroupNotFound, ErrCode.GroupDismissed]);

/** Asks what changed of many groups, and gets an answer for each of them. */
@Injectable()
export class ChangesReader {
  constructor(private readonly openIm: OpenImClient) {}

  /**
   * One answer for each group.
   * @throws OpenImRefusal, OpenImUnreachable
   */
  async read(versions: GroupVersion[]): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>();
    for (
      let asked = versions;
      asked.length > 0;
      asked = asked.filter(({ groupID }) => !answers.has(groupID))
    ) {
      const changes = await this.ask(asked);
      const answered = asked.filter(({ groupID }) => changes?.has(groupID));
      answered.forEach(({ groupID }) =>
        answers.set(groupID, { kind: 'changes', changes: changes!.get(groupID)! }),
      );
      if (answered.length === 0) {
        const others = await this.readOneByOne(asked, changes !== undefined);
        others.forEach((answer, groupID) => answers.set(groupID, answer));
      }
    }
    return answers;
  }

  /** @returns undefined where one of the groups makes OpenIM refuse all */
  private async ask(versions: GroupVersion[]): Promise<Map<string, GroupChanges> | undefined> {
    try {
      return await this.openIm.getChanges(versions);
    } catch (error) {
      if (error instanceof OpenImRefusal && POISON.has(error.errCode)) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * Finds out which groups it is, by what they are; and where that does not tell, by halves.
   * @param unanswered whether OpenIM answered for none of them, instead of refusing
   */
  private async readOneByOne(versions: GroupVersion[], unanswered: boolean): Promise<Map<string, Answer>> {
    const infos = await this.openIm.getGroups(versions.map(({ groupID }) => groupID));
    const answers = new Map<string, Answer>();
    const alive = versions.filter(({ groupID }) => {
      const info = infos.get(groupID);
      if (!info) {
        answers.set(groupID, { kind: 'absent' });
      } else if (info.status === DISMISSED || unanswered || versions.length === 1) {
        answers.set(groupID, { kind: 'versionless', info });
      }
      return !answers.has(groupID);
    });
    if (alive.length < versions.length) {
      return answers;
    }
    const half = Math.ceil(alive.length / 2);
    return new Map([...(await this.read(alive.slice(0, half))), ...(await this.read(alive.slice(half)))]);
  }
}
