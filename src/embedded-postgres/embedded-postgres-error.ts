/** The embedded PostgreSQL cannot be used; its message says why and what to do. */
export class EmbeddedPostgresError extends Error {
  /** @param runningUrl where it is, if the reason is that another process has it running */
  constructor(
    message: string,
    readonly runningUrl?: string,
  ) {
    super(message);
  }
}
