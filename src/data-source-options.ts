import type { DataSourceOptions } from 'typeorm';
import { CreateGroups1764288000000 } from '../migrations/1764288000000-CreateGroups.js';
import { CreateGroupMembers1764288000001 } from '../migrations/1764288000001-CreateGroupMembers.js';
import { CreateCallbackDeliveries1764288000002 } from '../migrations/1764288000002-CreateCallbackDeliveries.js';
import { CreateReconciliation1764288000003 } from '../migrations/1764288000003-CreateReconciliation.js';
import { CreateLeases1764288000004 } from '../migrations/1764288000004-CreateLeases.js';
import { CreateGroupChanges1764288000005 } from '../migrations/1764288000005-CreateGroupChanges.js';
import { CreateWebhooks1764288000006 } from '../migrations/1764288000006-CreateWebhooks.js';
import { CreateMemberPeriods1764288000007 } from '../migrations/1764288000007-CreateMemberPeriods.js';
import { CreateViews1764288000008 } from '../migrations/1764288000008-CreateViews.js';
import { ChangeFeed } from './changes/change-feed.entity.js';
import { GroupChange } from './changes/group-change.entity.js';
import { CallbackDelivery } from './deliveries/callback-delivery.entity.js';
import { GroupMember } from './groups/group-member.entity.js';
import { Group } from './groups/group.entity.js';
import { MemberPeriod } from './groups/member-period.entity.js';
import { readDatabaseUrl } from './postgres/connection-options.js';
import { Lease } from './postgres/lease.entity.js';
import { driver, poolOptions } from './postgres/pool.js';
import { ReconciliationRun } from './reconciliation/run-log/reconciliation-run.entity.js';
import { HeldGroup } from './webhooks/held-group.entity.js';
import { WebhookEndpoint } from './webhooks/webhook-endpoint.entity.js';

/** Sessions of migrations and of TypeORM's CLI have no time limits. */
const UNLIMITED = { lockTimeoutMs: 0, statementTimeoutMs: 0 };

/**
 * Returns TypeORM's options for the service, its migrations and TypeORM's CLI.
 * @param url the url of PostgreSQL, `postgres://...`
 * @param schema the schema of the tables; undefined: the first one of the session's search_path
 */
export function dataSourceOptions(url: string, schema?: string) {
  return {
    type: 'postgres',
    driver,
    extra: poolOptions(readDatabaseUrl(url), { schema, ...UNLIMITED }),
    applicationName: 'openim-group-sync',
    entities: [
      Group,
      GroupMember,
      MemberPeriod,
      CallbackDelivery,
      GroupChange,
      ChangeFeed,
      WebhookEndpoint,
      HeldGroup,
      ReconciliationRun,
      Lease,
    ],
    migrations: [
      CreateGroups1764288000000,
      CreateGroupMembers1764288000001,
      CreateCallbackDeliveries1764288000002,
      CreateReconciliation1764288000003,
      CreateLeases1764288000004,
      CreateGroupChanges1764288000005,
      CreateWebhooks1764288000006,
      CreateMemberPeriods1764288000007,
      CreateViews1764288000008,
    ],
    migrationsTableName: 'openim_group_sync_migrations',
    migrationsTransactionMode: 'all',
    synchronize: false,
    logging: false,
    // Time limit for a connection, from the pool or to PostgreSQL, in ms: a callback is answered within 4 s.
    connectTimeoutMS: 3000,
  } satisfies DataSourceOptions;
}
