import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { OpenImClient } from '../openim/openim.client.js';
import { Agenda, type Appointment } from './agenda.js';
import { LookService } from './look.service.js';

/** How often the log of callbacks is asked for new ones, in ms: of all replicas, and without a cost for the callbacks. */
const POLL_MS = 500;
/** For how long it is remembered which callbacks were seen, in ms: longer than the log is asked back. */
const MEMORY_MS = 10_000;
/** Groups looked at together, in one request if only few of their members changed. */
const TOGETHER = 100;
/** So many of these at once: one that takes long, a large group or an OpenIM that does not answer, keeps others waiting only a while. */
const AT_ONCE = 4;

/** Has each group looked at that a callback named: what the callback tells is a claim, and others of the group may be lost. */
@Injectable()
export class CallbackFollower {
  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly looks: LookService,
    private readonly openIm: OpenImClient,
    private readonly agenda: Agenda,
  ) {}

  /**
   * Follows until the signal says no more, and the looks under way have ended.
   * @param onProblem is told why the log of callbacks or a group could not be looked at, or that the last look could be had
   */
  async follow(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const seen = new Map<string, Date>();
    const looking = new PQueue({ concurrency: AT_ONCE });
    const tell = (error: Error): void => (signal.aborted ? undefined : onProblem(error));
    for (let since: Date | null = null; !signal.aborted;) {
      try {
        since = await this.mark(seen, since);
      } catch (error) {
        tell(error as Error);
      }
      for (const due of this.takeDue(AT_ONCE - looking.size - looking.pending)) {
        looking.add(() => this.lookAt(due, signal).then(() => onProblem())).catch(tell);
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await looking.onIdle();
  }

  /** @returns the moment of the last callback */
  private async mark(seen: Map<string, Date>, since: Date | null): Promise<Date | null> {
    const named = await this.deliveries.groupsNamedSince(since);
    let last = since;
    for (const { groupID, receivedAt } of named) {
      if (receivedAt > (seen.get(groupID) ?? 0)) {
        seen.set(groupID, receivedAt);
        this.agenda.mark(groupID, Date.now());
      }
      last = last && last > receivedAt ? last : receivedAt;
    }
    for (const [groupID, receivedAt] of seen) {
      if (receivedAt.getTime() < last!.getTime() - MEMORY_MS) {
        seen.delete(groupID);
      }
    }
    return last;
  }

  /** What is due, so many lists at most. */
  private takeDue(lists: number): Map<string, Appointment>[] {
    const taken: Map<string, Appointment>[] = [];
    while (taken.length < lists) {
      const due = this.agenda.take(Date.now(), TOGETHER);
      if (due.size === 0) {
        break;
      }
      taken.push(due);
    }
    return taken;
  }

  private async lookAt(due: Map<string, Appointment>, signal: AbortSignal): Promise<void> {
    try {
      for (const whole of [false, true]) {
        const groupIDs = [...due.keys()].filter((groupID) => due.get(groupID)!.whole === whole);
        if (groupIDs.length > 0) {
          await this.openIm.urgently(() => this.lookAtAll(groupIDs, whole, due, signal));
        }
      }
    } catch (error) {
      this.agenda.putBack(due, Date.now());
      throw error;
    }
  }

  private async lookAtAll(
    groupIDs: string[],
    whole: boolean,
    due: Map<string, Appointment>,
    signal: AbortSignal,
  ): Promise<void> {
    for await (const looks of this.looks.look(groupIDs, whole)) {
      looks.forEach((look) => {
        this.agenda.settle(look, Date.now(), due.get(look.groupID));
        due.delete(look.groupID);
      });
      signal.throwIfAborted();
    }
  }
}
