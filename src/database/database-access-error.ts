/** Error of a role that may not create or use the tables of the service; the message says what to do. */
export class DatabaseAccessError extends Error {
  /** @param cause PostgreSQL's error 42501, insufficient_privilege */
  constructor(cause: unknown) {
    super(
      `The user in DATABASE_URL lacks a right: ${(cause as Error).message}; make it the owner of the database, or run the migrations as the owner and set RUN_MIGRATIONS=false`,
      { cause },
    );
  }
}
