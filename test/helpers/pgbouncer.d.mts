/** PgBouncer in front of a PostgreSQL, as its package ships it but for what is given. */
export class PgBouncer {
  /** Whether it is installed here. */
  static readonly isInstalled: boolean;
  /** Where it is: the url of the PostgreSQL with its port. */
  readonly url: string;
  /** @param settings of the section [pgbouncer] */
  static start(postgresUrl: string, settings?: Record<string, string>): Promise<PgBouncer>;
  /** Ends it, and with it all connections. */
  stop(): Promise<void>;
}
