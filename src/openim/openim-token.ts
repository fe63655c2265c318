/** A token, and until when it is used, in ms since 1970. */
interface Token {
  readonly value: string;
  readonly until: number;
}

/** OpenIM's answer to the secret. */
export interface IssuedToken {
  token: string;
  /** 90 days unless configured otherwise; 0: unknown. */
  expireTimeSeconds: number;
}

/** Time before its expiry at which a token is replaced, in ms. */
const MARGIN_MS = 60_000;

/**
 * The admin token, issued once and cached. A new token ends the older ones of the same user after 5 minutes
 * (pkg/common/storage/controller/auth.go, CreateToken): two clients that request one for each call lock each other out.
 */
export class AdminToken {
  private token?: Token;
  private renewal?: Promise<Token>;

  /** @param issue requests a new token from OpenIM */
  constructor(private readonly issue: () => Promise<IssuedToken>) {}

  /** Returns the token to use. Concurrent callers share one renewal. */
  async get(): Promise<string> {
    if (this.token && this.token.until > Date.now()) {
      return this.token.value;
    }
    this.renewal ??= this.renew().finally(() => (this.renewal = undefined));
    return (await this.renewal).value;
  }

  /** Drops a token that OpenIM rejects. A newer token stays. */
  invalidate(value: string): void {
    if (this.token?.value === value) {
      this.token = undefined;
    }
  }

  private async renew(): Promise<Token> {
    const { token, expireTimeSeconds } = await this.issue();
    const until = expireTimeSeconds > 0 ? Date.now() + expireTimeSeconds * 1000 - MARGIN_MS : Infinity;
    return (this.token = { value: token, until });
  }
}
