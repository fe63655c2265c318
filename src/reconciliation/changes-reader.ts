import { Injectable } from '@nestjs/common';
import { DISMISSED } from '../openim/constants.js';
import type { GroupChanges, GroupInfo, GroupVersion } from '../openim/openim-answers.js';
import { OpenImRefusal } from '../openim/openim-error.js';
import { OpenImClient } from '../openim/openim.client.js';

/**
 * What OpenIM says of a group that it is asked about: what changed; or that it keeps no version of it (it is dismissed, or has no
 * owner); or nothing, since it does not have it.
 */
export type Answer =
  | { readonly kind: 'changes'; readonly changes: GroupChanges }
  | { readonly kind: 'versionless'; readonly info: GroupInfo }
  | { readonly kind: 'absent' };

/** Asks what changed of many groups, and gets an answer for each of them. */
@Injectable()
export class ChangesReader {
  constructor(private readonly openIm: OpenImClient) {}

  /**
   * One answer for each group.
   * @throws OpenImRefusal where it is about the token or the right to ask; OpenImUnreachable
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
        const others = await this.narrow(asked, changes !== undefined);
        others.forEach((answer, groupID) => answers.set(groupID, answer));
      }
    }
    return answers;
  }

  /** One answer for each group of which OpenIM keeps no version, or kept none a moment ago. */
  async readVersionless(groupIDs: string[]): Promise<Map<string, Answer>> {
    const infos = groupIDs.length > 0 ? await this.openIm.getGroups(groupIDs) : new Map<string, GroupInfo>();
    return new Map(
      groupIDs.map((groupID) => {
        const info = infos.get(groupID);
        return [groupID, info ? { kind: 'versionless', info } : { kind: 'absent' }];
      }),
    );
  }

  /** @returns undefined where one of the groups makes OpenIM refuse all */
  private async ask(versions: GroupVersion[]): Promise<Map<string, GroupChanges> | undefined> {
    try {
      return await this.openIm.getChanges(versions);
    } catch (error) {
      if (error instanceof OpenImRefusal && !error.isOfAsker) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * Finds which of the groups OpenIM has no answer for: those that are not there or dismissed by what they are, and another one,
   * for which it refuses all, by halves.
   * @param unanswered whether OpenIM left them all out, instead of refusing
   */
  private async narrow(versions: GroupVersion[], unanswered: boolean): Promise<Map<string, Answer>> {
    const answers = await this.readVersionless(versions.map(({ groupID }) => groupID));
    const isAlive = ({ groupID }: GroupVersion): boolean => {
      const answer = answers.get(groupID)!;
      return answer.kind === 'versionless' && answer.info.status !== DISMISSED;
    };
    const alive = versions.filter(isAlive);
    if (unanswered || versions.length === 1) {
      return answers;
    }
    if (alive.length < versions.length) {
      alive.forEach(({ groupID }) => answers.delete(groupID));
      return answers;
    }
    const half = Math.ceil(alive.length / 2);
    return new Map([...(await this.read(alive.slice(0, half))), ...(await this.read(alive.slice(half)))]);
  }
}
