/**
 * What OpenIM sends for one command, as it sends it. A field that is absent has Go's zero value, given as the initial one.
 * The server's oddities end in `toChange`, which tells what the payload means in the terms of `GroupSyncService`.
 */
export interface CallbackPayload<Change> {
  callbackCommand: string;
  readonly groupID: string;
  toChange(): Change;
  /** What it tells, for staff: the words of a line in the group's timeline. */
  toWords(): string;
}
