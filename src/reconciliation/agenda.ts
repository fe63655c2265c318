import { Injectable } from '@nestjs/common';
import type { Look } from './look.service.js';

/** How long after a callback its group is looked at, in ms: callbacks come in groups. */
const DEBOUNCE_MS = 1000;
/** How long after that look it is looked at once more, in ms: OpenIM's caches may have been of before. */
const ONCE_MORE_MS = 5000;
/** How long after a reading that could not be believed the next one is made, in ms; twice as long each time. */
const RETRY_MS = 2000;
const LAST_RETRY_MS = 600_000;
/** More are left to the next sweep, which finds what callbacks wrote. */
const ROOM = 10_000;

/** When a group is to be looked at, and how. */
export interface Appointment {
  due: number;
  whole: boolean;
  /** Whether another look follows. */
  onceMore: boolean;
  failures: number;
}

/** Which groups are to be looked at when, for one process. Moments are in ms of any clock. */
@Injectable()
export class Agenda {
  private readonly appointments = new Map<string, Appointment>();

  /** How many groups wait. */
  get size(): number {
    return this.appointments.size;
  }

  /** A callback named the group. */
  mark(groupID: string, now: number): void {
    const known = this.appointments.get(groupID);
    if (known) {
      known.due = Math.min(known.due, now + DEBOUNCE_MS);
      known.onceMore = true;
    } else if (this.appointments.size < ROOM) {
      this.appointments.set(groupID, { due: now + DEBOUNCE_MS, whole: false, onceMore: true, failures: 0 });
    }
  }

  /** Whether a reading of the group could not be believed a moment ago. */
  isPutOff(groupID: string, now: number): boolean {
    const { failures = 0, due = 0 } = this.appointments.get(groupID) ?? {};
    return failures > 0 && due > now;
  }

  /** Takes those that are due, the longest due first. */
  take(now: number, limit: number): Map<string, Appointment> {
    const due = Array.from(this.appointments)
      .filter(([, appointment]) => appointment.due <= now)
      .toSorted(([, one], [, other]) => one.due - other.due)
      .slice(0, limit);
    due.forEach(([groupID]) => this.appointments.delete(groupID));
    return new Map(due);
  }

  /** Writes down what follows from a look. @param taken what it was taken for; undefined: the look was not on the agenda */
  settle({ groupID, state, whole }: Look, now: number, taken?: Appointment): void {
    if (state === 'unverified') {
      const failures = (taken ?? this.appointments.get(groupID))?.failures ?? 0;
      const due = now + Math.min(RETRY_MS * 2 ** failures, LAST_RETRY_MS);
      this.put(groupID, { due, whole: true, onceMore: false, failures: failures + 1 });
    } else if (state === 'unsettled' || taken?.onceMore) {
      this.put(groupID, { due: now + ONCE_MORE_MS, whole, onceMore: false, failures: 0 });
    }
  }

  /** OpenIM could not be asked: as before, a little later. */
  putBack(taken: Map<string, Appointment>, now: number): void {
    taken.forEach((appointment, groupID) => this.put(groupID, { ...appointment, due: now + RETRY_MS }));
  }

  /** What a callback asked for meanwhile comes first. Where there is no room the next sweep finds the group. */
  private put(groupID: string, appointment: Appointment): void {
    const marked = this.appointments.get(groupID);
    if (marked?.onceMore) {
      marked.due = Math.min(marked.due, appointment.due);
      marked.whole ||= appointment.whole;
      marked.failures = appointment.failures;
    } else if (marked || this.appointments.size < ROOM) {
      this.appointments.set(groupID, appointment);
    }
  }
}
