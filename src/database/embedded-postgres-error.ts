/** Why the embedded PostgreSQL cannot run; the message says what to do. */
export class EmbeddedPostgresError extends Error {}
