/**
 * Body of one command, field by field as OpenIM sends it. The initial value of a field is Go's zero value: OpenIM omits it.
 * `toChange` translates the body into the terms of `GroupSyncService`, oddities of OpenIM's versions included.
 */
export interface CallbackPayload<Change> {
  callbackCommand: string;
  /** Group that the callback is about; "" where it is about a user. */
  readonly groupID: string;
  /** User that the callback is about, where it is about no group. */
  readonly userID?: string;
  /** What the callback does not report, so that the group needs reconciling; undefined: it reports all. */
  readonly unreported?: string;
  /** The only part of the body that may be stored, and only in the journal; undefined: all of it, also in the log of deliveries. */
  readonly redactedBody?: object;
  toChange(): Change;
  /** One line for staff in the timeline of the group. */
  toSummary(): string;
}

export interface CallbackPayloadClass<Change> {
  new (): CallbackPayload<Change>;
  readonly prototype: CallbackPayload<Change>;
  /** Reduces the shapes of a body in OpenIM's versions and pages to one. */
  unwrap?(json: Record<string, unknown>): Record<string, unknown>;
  /** Whether a body concerns groups. A body that does not is answered and not logged: there may be very many. */
  concernsGroups?(json: Record<string, unknown>): boolean;
}
