import type { Config } from '../config/config.js';
import { percentDecoded } from '../config/percent-decoded.js';

/** Shorter secrets are parts of words, too. */
const SHORTEST = 8;

/** Every way in which a secret may stand in a line of JSON or in a url. */
const writtenAs = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
];

/** The password in the url of the database, as it stands there and decoded. */
function passwordsOf(url: string | undefined): string[] {
  const { password } = URL.canParse(url ?? '') ? new URL(url!) : { password: '' };
  return [password, percentDecoded(password).toString()];
}

/**
 * Makes what takes the secrets of this configuration out of a line, wherever they stand: the last resort behind all that logs no secret
 * in the first place. Secrets of less than 8 characters are left to that.
 */
export function redaction(config: Config): (line: string) => string {
  const secrets = [
    ...(config.CALLBACK_TOKEN ?? []),
    ...(config.ADMIN_API_KEY ?? []),
    ...(config.OPENIM_SECRET === undefined ? [] : [config.OPENIM_SECRET]),
    ...passwordsOf(config.DATABASE_URL),
  ]
    .filter((secret) => secret.length >= SHORTEST)
    .flatMap(writtenAs)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(secrets.join('|'), 'g');
  return secrets.length === 0 ? (line) => line : (line) => line.replace(pattern, '[secret]');
}
