/** Keys of PostgreSQL's advisory locks, one for each use. `0x0913` keeps them apart from those of other applications in the database. */

/** Session lock in the database `postgres` of the embedded cluster, of the process that uses its folder. PostgreSQL releases it when the process ends. */
export const EMBEDDED_POSTGRES_IN_USE = 0x0913_0001;

/** Transaction lock of the replica that applies migrations: replicas that start together wait for each other. */
export const MIGRATIONS = 0x0913_0002;

/** Transaction lock of the replica that removes old rows: the others leave the removal to it. */
export const RETENTION = 0x0913_0003;
