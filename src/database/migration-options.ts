import type { PoolConfig } from 'pg';
import type { DataSourceOptions } from 'typeorm';

/** TypeORM's options for migrations, with those of node-postgres in `extra`. */
export type MigrationOptions = Extract<DataSourceOptions, { type: 'postgres' }> & { extra: PoolConfig };

/** Injection token of `MigrationOptions`. */
export const MIGRATION_OPTIONS = Symbol('migration options');
