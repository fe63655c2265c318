import { Injectable } from '@nestjs/common';
import DataLoader from 'dataloader';
import { DISMISSED } from '../../openim/constants.js';
import type { GroupChanges, GroupInfo, GroupVersion, PerGroup } from '../../openim/openim-answers.js';
import { OpenImRefusal } from '../../openim/openim-error.js';
import { OpenImClient } from '../../openim/openim.client.js';
import { LANES } from '../queue/lanes.js';

/** What OpenIM answers for a group. */
export type Answer =
  /** What changed since a version. */
  | { readonly kind: 'changes'; readonly changes: GroupChanges }
  /** OpenIM keeps no version of it: it is dismissed, or has no owner. */
  | { readonly kind: 'versionless'; readonly info: GroupInfo }
  /** OpenIM does not have it. */
  | { readonly kind: 'absent' }
  /** OpenIM does not answer for it, but does for others. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What OpenIM answers when it is asked for a group as it is now. */
export type InfoAnswer = Exclude<Answer, { kind: 'changes' }>;

/** What OpenIM answers where a group cannot be read. */
export type NoAnswer = Exclude<InfoAnswer, { kind: 'versionless' }>;

/** How long a question waits for others to share a request, in ms; and one of the background, unless enough of those wait. */
const BATCH_MS = 10;
const PATIENT_MS = 200;
/** Questions of the background that are enough for a request: as many groups as its lane has. */
const PATIENT_GROUPS = LANES.background;
const BATCH_GROUPS = 100;

interface Question {
  readonly groupID: string;
  readonly before: Answer;
}

/** Asks what changed of groups. Gets an answer for each of them: a group for which OpenIM fails takes no other one with it. */
@Injectable()
export class ChangesReader {
  private readonly since = this.loader((dispatch) => void setTimeout(dispatch, BATCH_MS));
  private readonly patientSince = this.loader((dispatch) => {
    const timer = setTimeout(dispatch, PATIENT_MS);
    this.patient = {
      waiting: 0,
      dispatch: () => {
        clearTimeout(timer);
        dispatch();
      },
    };
  });
  private patient = { waiting: 0, dispatch: (): void => undefined };

  constructor(private readonly openIm: OpenImClient) {}

  /**
   * Reads what changed of some groups since their versions.
   * @throws the error of OpenIM where it is away as a whole
   */
  async read(versions: GroupVersion[]): Promise<Map<string, Answer>> {
    const answers = new Map<string, Answer>();
    for (
      let asked = versions;
      asked.length > 0;
      asked = asked.filter(({ groupID }) => !answers.has(groupID))
    ) {
      const { changes, problem } = await this.ask(asked);
      const answered = asked.filter(({ groupID }) => changes.has(groupID));
      answered.forEach(({ groupID }) => answers.set(groupID, toAnswer(changes.get(groupID)!)));
      if (answered.length === 0) {
        const others = await this.narrow(asked, problem);
        others.forEach((answer, groupID) => answers.set(groupID, answer));
      }
    }
    return answers;
  }

  /**
   * Reads what changed of a group since an earlier answer, together with others that are asked for at the same time.
   * @param isPatient whether nobody waits for it, so that it may wait for others
   * @throws the error of OpenIM where it is away as a whole
   */
  readSince(groupID: string, before: Answer, isPatient: boolean): Promise<Answer> {
    if (!isPatient) {
      return this.since.load({ groupID, before });
    }
    const answer = this.patientSince.load({ groupID, before });
    this.patient.waiting += 1;
    if (this.patient.waiting >= PATIENT_GROUPS) {
      this.patient.dispatch();
    }
    return answer;
  }

  /**
   * Reads groups as they are now.
   * @throws the error of OpenIM where it is away as a whole
   */
  async readInfos(groupIDs: string[]): Promise<Map<string, InfoAnswer>> {
    if (groupIDs.length === 0) {
      return new Map();
    }
    let infos: PerGroup<GroupInfo>;
    try {
      infos = await this.openIm.getGroups(groupIDs);
    } catch (error) {
      const reason = await this.openIm.reasonUnlessAway(error);
      if (groupIDs.length === 1) {
        return new Map([[groupIDs[0]!, { kind: 'failed', reason }]]);
      }
      const half = Math.ceil(groupIDs.length / 2);
      return new Map([
        ...(await this.readInfos(groupIDs.slice(0, half))),
        ...(await this.readInfos(groupIDs.slice(half))),
      ]);
    }
    return new Map(
      groupIDs.map((groupID): [string, InfoAnswer] => {
        const info = infos.get(groupID);
        return [
          groupID,
          info === undefined
            ? { kind: 'absent' }
            : info instanceof Error
              ? { kind: 'failed', reason: info.message }
              : { kind: 'versionless', info },
        ];
      }),
    );
  }

  private loader(schedule: (dispatch: () => void) => void): DataLoader<Question, Answer> {
    return new DataLoader<Question, Answer>((questions) => this.readBatch(questions), {
      cache: false,
      maxBatchSize: BATCH_GROUPS,
      batchScheduleFn: schedule,
    });
  }

  private async readBatch(questions: readonly Question[]): Promise<Answer[]> {
    const versions = questions.flatMap(({ before }) => (before.kind === 'changes' ? [before.changes] : []));
    const others = questions.filter(({ before }) => before.kind !== 'changes');
    const answers = await this.openIm.urgently(async (): Promise<[string, Answer][]> => [
      ...(await this.read(versions)),
      ...(await this.readInfos(others.map(({ groupID }) => groupID))),
    ]);
    const byGroup = new Map(answers);
    return questions.map(({ groupID }) => byGroup.get(groupID)!);
  }

  private async ask(versions: GroupVersion[]): Promise<{ changes: PerGroup<GroupChanges>; problem?: Error }> {
    try {
      return { changes: await this.openIm.getChanges(versions) };
    } catch (error) {
      await this.openIm.reasonUnlessAway(error);
      return { changes: new Map(), problem: error as Error };
    }
  }

  /**
   * Finds which of some groups OpenIM has no answer for, by what they are and by halves.
   * @param problem why OpenIM fails for all of them; undefined: it left them out
   */
  private async narrow(versions: GroupVersion[], problem?: Error): Promise<Map<string, Answer>> {
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

const toAnswer = (changes: GroupChanges | Error): Answer =>
  changes instanceof Error ? { kind: 'failed', reason: changes.message } : { kind: 'changes', changes };
