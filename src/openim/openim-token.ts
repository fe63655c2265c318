/** A token and until when it is used, in ms since 1970. */
interface Token {
  readonly value: string;
  readonly until: number;
}

/** What OpenIM gives for the secret. */
export interface IssuedToken {
  token: string;
  /** 90 days unless configured otherwise; 0: not told. */
  expireTimeSeconds: number;
}

/** How long before its end a token is no longer used, in ms. */
const MARGIN_MS = 60_000;

/**
 * The admin token. It is asked for once and kept: a new one ends the older ones of the same user after 5 minutes
 * (pkg/common/storage/controller/auth.go, CreateToken), so that two that ask for one with each call lock each other out.
 */
export class AdminToken {
  private token?: Token;
  private renewal?: Promise<Token>;

  /** @param issue asks OpenIM for a new one */
  constructor(private readonly issue: () => Promise<IssuedToken>) {}

  /** The token to use; all who ask while a new one is on its way get that one. */
  async get(): Promise<string> {
    if (this.token && this.token.until > Date.now()) {
      return this.token.value;
    }
    this.renewal ??= this.renew().finally(() => (this.renewal = undefined));
    return (await this.renewal).value;
  }

  /** OpenIM takes this one no more. Another one that is there already stays. */
  reject(value: string): void {
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
