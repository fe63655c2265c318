import type { DataSourceOptions } from 'typeorm';
import { CreateGroups1763942400000 } from '../migrations/1763942400000-CreateGroups.js';
import { CreateGroupMembers1763942400001 } from '../migrations/1763942400001-CreateGroupMembers.js';
import { FollowGroups1763974800000 } from '../migrations/1763974800000-FollowGroups.js';
import { CreateCallbackDeliveries1763978400000 } from '../migrations/1763978400000-CreateCallbackDeliveries.js';
import { ReconcileGroups1763992800000 } from '../migrations/1763992800000-ReconcileGroups.js';
import { CallbackDelivery } from './deliveries/callback-delivery.entity.js';
import { GroupRepair } from './deliveries/group-repair.entity.js';
import { GroupMember } from './groups/group-member.entity.js';
import { Group } from './groups/group.entity.js';
import { ReconciliationRun } from './reconciliation/runs/reconciliation-run.entity.js';

/**
 * TypeORM's options, the same for the service, its migrations and TypeORM's CLI.
 * @param url where PostgreSQL is, `postgres://...`
 */
export function dataSourceOptions(url: string) {
  return {
    type: 'postgres',
    url,
    applicationName: 'openim-group-sync',
    entities: [Group, GroupMember, CallbackDelivery, GroupRepair, ReconciliationRun],
    migrations: [
      CreateGroups1763942400000,
      CreateGroupMembers1763942400001,
      FollowGroups1763974800000,
      CreateCallbackDeliveries1763978400000,
      ReconcileGroups1763992800000,
    ],
    migrationsTableName: 'openim_group_sync_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    // How long to wait for a connection, from the pool or from PostgreSQL, in ms: a callback is answered within 4 s.
    connectTimeoutMS: 3000,
  } satisfies DataSourceOptions;
}
