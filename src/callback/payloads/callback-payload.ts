/**
 * What OpenIM sends for one command, as it sends it. A field that is absent has Go's zero value, given as the initial one.
 * The server's oddities end in `toChange`, which tells what the payload means in the terms of `GroupSyncService`.
 */
export interface CallbackPayload<Change> {
  callbackCommand: string;
  /** The group that it is about; "" where it is about a user. */
  readonly groupID: string;
  /** The user whom it is about, where it is about no group. */
  readonly userID?: string;
  /** What it does not report, so that only OpenIM's REST API can; undefined: it reports all. */
  readonly unreported?: string;
  /** What of it may be kept until it is applied, where nothing else of the body may be kept anywhere. */
  readonly redactedBody?: object;
  toChange(): Change;
  /** What it tells, for staff: the words of a line in the group's timeline. */
  toSummary(): string;
}

/** The class of a payload. */
export interface CallbackPayloadClass<Change> {
  new (): CallbackPayload<Change>;
  readonly prototype: CallbackPayload<Change>;
  /** Makes one shape of those that OpenIM's versions and pages have. */
  unwrap?(json: Record<string, unknown>): Record<string, unknown>;
  /** Whether a body tells something of groups. One that does not is answered, and leaves no trace: there may be very many. */
  concernsGroups?(json: Record<string, unknown>): boolean;
}
