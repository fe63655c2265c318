import { fileURLToPath } from 'node:url';
import type { DataSourceOptions } from 'typeorm';
import { CallbackDelivery } from './deliveries/callback-delivery.entity.js';
import { GroupMember } from './groups/group-member.entity.js';
import { Group } from './groups/group.entity.js';

/**
 * TypeORM's options, the same for the service, its migrations and TypeORM's CLI.
 * @param url where PostgreSQL is, `postgres://...`
 */
export function dataSourceOptions(url: string) {
  return {
    type: 'postgres',
    url,
    applicationName: 'openim-group-sync',
    entities: [Group, GroupMember, CallbackDelivery],
    migrations: [fileURLToPath(new URL('../migrations/*.js', import.meta.url))],
    migrationsTableName: 'openim_group_sync_migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    // How long to wait for a connection, from the pool or from PostgreSQL, in ms: a callback is answered within 4 s.
    connectTimeoutMS: 3000,
  } satisfies DataSourceOptions;
}
