import { Injectable } from '@nestjs/common';
import { fingerprint, secretFinder } from '../auth/secrets.js';
import { Config } from '../config/config.js';
import type { AdminRequestLog } from './admin-request-log.js';

/** The keys of `ADMIN_API_KEY`. */
@Injectable()
export class AdminKeys {
  /** All keys; a key is known by its index. */
  readonly all: readonly string[];
  /** Returns the index of the key that equals a text, in constant time; -1 if no key does. */
  readonly find: (candidate: string) => number;
  private readonly fingerprints = new Map<number, Promise<string>>();

  constructor(config: Config) {
    this.all = config.ADMIN_API_KEY ?? [];
    this.find = secretFinder(this.all);
  }

  /** Returns the fields of a key for the log of requests. */
  async describe(index: number): Promise<NonNullable<AdminRequestLog['adminKey']>> {
    const known = this.fingerprints.get(index) ?? fingerprint(this.all[index]!);
    this.fingerprints.set(index, known);
    return { number: index + 1, fingerprint: await known };
  }
}
