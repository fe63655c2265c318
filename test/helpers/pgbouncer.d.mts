/** PgBouncer in front of a PostgreSQL, with its default settings except the given ones. */
export class PgBouncer {
  /** Whether PgBouncer is installed. */
  static readonly isInstalled: boolean;
  /** The url of the PostgreSQL, with the port of PgBouncer. */
  readonly url: string;
  /** @param settings of the section [pgbouncer] */
  static start(postgresUrl: string, settings?: Record<string, string>): Promise<PgBouncer>;
  /** Ends PgBouncer with all its connections. */
  stop(): Promise<void>;
}
