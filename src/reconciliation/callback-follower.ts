import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DeliveriesService } from '../deliveries/deliveries.service.js';
import { Agenda } from './agenda.js';
import { LookService } from './look.service.js';

/** How often the log of callbacks is asked for new ones, in ms: of all replicas, and without a cost for the callbacks. */
const POLL_MS = 500;
/** For how long it is remembered which callbacks were seen, in ms: longer than the log is asked back. */
const MEMORY_MS = 10_000;
/** Groups looked at together, in one request if only few of their members changed. */
const TOGETHER = 100;

/** Has each group looked at that a callback named: what the callback tells is a claim, and others of the group may be lost. */
@Injectable()
export class CallbackFollower {
  constructor(
    private readonly deliveries: DeliveriesService,
    private readonly looks: LookService,
    private readonly agenda: Agenda,
  ) {}

  /**
   * Follows until the signal says no more.
   * @param onProblem is told why a look could not be had, or that the last one could
   */
  async follow(signal: AbortSignal, onProblem: (problem?: Error) => void): Promise<void> {
    const seen = new Map<string, Date>();
    for (let since: Date | null = null; !signal.aborted;) {
      try {
        since = await this.mark(seen, since);
        await this.lookAtDue(signal);
        onProblem();
      } catch (error) {
        if (!signal.aborted) {
          onProblem(error as Error);
        }
      }
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
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

  private async lookAtDue(signal: AbortSignal): Promise<void> {
    const { agenda } = this;
    const due = agenda.take(Date.now(), TOGETHER);
    for (const whole of [false, true]) {
      const groupIDs = [...due.keys()].filter((groupID) => due.get(groupID)!.whole === whole);
      if (groupIDs.length === 0) {
        continue;
      }
      try {
        for await (const looks of this.looks.look(groupIDs, whole)) {
          looks.forEach((look) => {
            agenda.settle(look, Date.now(), due.get(look.groupID));
            due.delete(look.groupID);
          });
          signal.throwIfAborted();
        }
      } catch (error) {
        agenda.putBack(due, Date.now());
        throw error;
      }
    }
  }
}
