import type { DeliveryOutcome } from '../deliveries/callback-delivery.entity.js';
import type { Delivery } from '../deliveries/delivery-log.js';
import type { JsonText } from './statements/json-text.js';
import type { UserChange } from './statements/mark-groups-of-user.js';
import type { GroupSnapshot } from './statements/reconcile-group.js';

/** A change of one group. */
export interface GroupChange<T> {
  readonly groupID: string;
  readonly change: JsonText<T>;
  /** When it was received; undefined: now, by PostgreSQL's clock, so that replicas agree. */
  readonly receivedAt?: Date;
  /** The delivery to log in the same transaction. */
  readonly delivery?: Delivery;
}

/** A change of one user. */
export type UserChanged = Omit<GroupChange<UserChange>, 'groupID'>;

/** A snapshot of one group. `receivedAt`: when it began, by PostgreSQL's clock. */
export type SnapshotChange = Required<Omit<GroupChange<GroupSnapshot>, 'delivery'>> & {
  /** The run that took it; undefined: none. */
  readonly runID?: string;
};

/** `applied`: the write changed rows; `unchanged`: everything in it was known or superseded. */
export type SyncOutcome = Extract<DeliveryOutcome, 'applied' | 'unchanged'>;
