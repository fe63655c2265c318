/** Error of an embedded PostgreSQL that cannot be used; the message says why and what to do. */
export class EmbeddedPostgresError extends Error {
  /** @param runningUrl the url of the PostgreSQL that another process runs on the folder, if that is the reason */
  constructor(
    message: string,
    readonly runningUrl?: string,
  ) {
    super(message);
  }
}
