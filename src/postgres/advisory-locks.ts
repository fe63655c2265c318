/** Keys of PostgreSQL's advisory locks, one for each use. `0x0913` keeps them apart from those of other applications in the database. */

/** Session lock in the database `postgres` of the embedded cluster: held by the process that uses its folder, and released by its death. */
export const EMBEDDED_POSTGRES_IN_USE = 0x0913_0001;

/** Transaction lock of the replica that applies migrations: replicas that start together wait for each other. */
export const MIGRATIONS = 0x0913_0002;

/** Transaction lock of the replica that removes old rows: the others leave the removal to it. */
export const RETENTION = 0x0913_0003;
