import type { DataSourceOptions } from 'typeorm';
import { CreateGroups1763942400000 } from '../migrations/1763942400000-CreateGroups.js';
import { CreateGroupMembers1763942400001 } from '../migrations/1763942400001-CreateGroupMembers.js';
import { FollowGroups1763974800000 } from '../migrations/1763974800000-FollowGroups.js';
import { CreateCallbackDeliveries1763978400000 } from '../migrations/1763978400000-CreateCallbackDeliveries.js';
import { ReconcileGroups1763992800000 } from '../migrations/1763992800000-ReconcileGroups.js';
import { CreateLeases1764072000000 } from '../migrations/1764072000000-CreateLeases.js';
import { IsolateGroups1764075600000 } from '../migrations/1764075600000-IsolateGroups.js';
import { CallbackDelivery } from './deliveries/callback-delivery.entity.js';
import { GroupRepair } from './deliveries/group-drift.entity.js';
import { GroupMember } from './groups/group-member.entity.js';
import { Group } from './groups/group.entity.js';
import { readDatabaseUrl } from './postgres/connection-options.js';
import { Lease } from './postgres/lease.entity.js';
import { driver, poolOptions } from './postgres/pool.js';
import { ReconciliationRun } from './reconciliation/run-log/reconciliation-run.entity.js';

/** How the sessions of migrations and of TypeORM's CLI are: a migration takes as long as it takes. */
const UNLIMITED = { lockTimeoutMs: 0, statementTimeoutMs: 0 };

/**
 * TypeORM's options, the same for the service, its migrations and TypeORM's CLI.
 * @param url where PostgreSQL is, `postgres://...`
 * @param schema of the tables; undefined: the first schema of the session's own search_path
 */
export function dataSourceOptions(url: string, schema?: string) {
  return {
    type: 'postgres',
    driver,
    extra: poolOptions(readDatabaseUrl(url), { schema, ...UNLIMITED }),
    applicationName: 'openim-group-sync',
    entities: [Group, GroupMember, CallbackDelivery, GroupRepair, ReconciliationRun, Lease],
    migrations: [
      CreateGroups1763942400000,
      CreateGroupMembers1763942400001,
      FollowGroups1763974800000,
      CreateCallbackDeliveries1763978400000,
      ReconcileGroups1763992800000,
      CreateLeases1764072000000,
      IsolateGroups1764075600000,
    ],
    migrationsTableName: 'openim_group_sync_migrations',
    migrationsTransactionMode: 'all',
    synchronize: false,
    logging: false,
    // How long to wait for a connection, from the pool or from PostgreSQL, in ms: a callback is answered within 4 s.
    connectTimeoutMS: 3000,
  } satisfies DataSourceOptions;
}
