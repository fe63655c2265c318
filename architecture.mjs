/**
 * The folders of `src`, and which other folders each may import. `oxlint.config.mjs` makes one lint rule of each line;
 * `test/architecture.spec.ts` looks for cycles, for folders without a line and for arrows without a use.
 * The root of `src` is the composition: it may import everything.
 */
export const ARROWS = {
  // Imported by anyone
  config: ['postgres'],
  postgres: [],
  metrics: ['config'],
  // OpenIM's protocol and REST client
  openim: ['config', 'postgres'],
  // Who may call, and what all admin routes share
  auth: ['metrics'],
  'admin-api': ['auth', 'config', 'openim', 'postgres'],
  // On disk
  'embedded-postgres': ['config', 'postgres'],
  database: ['config', 'metrics', 'postgres'],
  journal: ['config', 'metrics'],
  // The mirror and its log
  deliveries: ['admin-api', 'config', 'postgres'],
  'groups/statements': ['deliveries', 'openim', 'postgres'],
  groups: ['groups/statements', 'admin-api', 'config', 'deliveries', 'postgres'],
  // What comes in
  'callback/payloads': ['deliveries', 'groups', 'groups/statements', 'openim', 'postgres'],
  'callback/parsing': ['callback/payloads', 'config', 'deliveries', 'groups/statements', 'postgres'],
  'callback/journaling': [
    'callback/payloads',
    'callback/parsing',
    'config',
    'deliveries',
    'groups',
    'journal',
    'postgres',
  ],
  'callback/replay': ['callback/payloads', 'callback/parsing', 'admin-api', 'deliveries', 'groups'],
  callback: [
    'callback/payloads',
    'callback/parsing',
    'callback/journaling',
    'callback/replay',
    'auth',
    'config',
    'deliveries',
    'groups',
    'journal',
    'metrics',
    'openim',
    'postgres',
  ],
  // What is compared with OpenIM's REST API
  'reconciliation/run-log': [],
  'reconciliation/queue': ['config', 'groups/statements', 'postgres'],
  'reconciliation/metrics': [
    'reconciliation/run-log',
    'deliveries',
    'groups/statements',
    'metrics',
    'openim',
  ],
  'reconciliation/snapshots': [
    'reconciliation/metrics',
    'reconciliation/queue',
    'groups',
    'groups/statements',
    'openim',
    'postgres',
  ],
  'reconciliation/group-reconciler': [
    'reconciliation/snapshots',
    'reconciliation/metrics',
    'reconciliation/queue',
    'reconciliation/run-log',
    'groups/statements',
    'openim',
  ],
  'reconciliation/runs': [
    'reconciliation/group-reconciler',
    'reconciliation/snapshots',
    'reconciliation/metrics',
    'reconciliation/queue',
    'reconciliation/run-log',
    'config',
    'openim',
    'postgres',
  ],
  reconciliation: [
    'reconciliation/runs',
    'reconciliation/group-reconciler',
    'reconciliation/snapshots',
    'reconciliation/metrics',
    'reconciliation/queue',
    'reconciliation/run-log',
    'admin-api',
    'deliveries',
    'groups',
    'groups/statements',
    'metrics',
    'openim',
    'postgres',
    'stats',
  ],
  // What staff and operators see
  stats: ['admin-api', 'journal', 'postgres'],
  health: ['database', 'journal', 'postgres'],
  // HTTP and the process
  server: ['admin-api', 'callback', 'config', 'postgres'],
  // The command line
  'cli/context': ['.', 'config', 'database', 'embedded-postgres', 'metrics', 'reconciliation', 'server'],
  'cli/doctor': ['cli/context', 'config', 'openim'],
  'cli/commands': [
    'callback/payloads',
    'cli/context',
    'cli/doctor',
    'config',
    'groups',
    'groups/statements',
    'openim',
    'postgres',
    'reconciliation',
    'reconciliation/group-reconciler',
    'reconciliation/run-log',
    'reconciliation/runs',
    'reconciliation/snapshots',
  ],
  cli: ['cli/commands', 'cli/context', 'config', 'embedded-postgres', 'openim'],
};
