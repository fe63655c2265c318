import type { Config } from '../config/config.js';
import { percentDecoded } from '../config/percent-decoded.js';

/** Minimum length of a redacted secret: a shorter one may be a part of a word. */
const MIN_LENGTH = 8;

/** Returns the spellings of a secret in text, JSON and urls. */
const spellings = (secret: string): string[] => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
];

/** Returns the password in the url of the database, encoded and decoded. */
function passwordsOf(url: string | undefined): string[] {
  const { password } = URL.canParse(url ?? '') ? new URL(url!) : { password: '' };
  return [password, percentDecoded(password).toString()];
}

/**
 * Creates a function that replaces the secrets of the configuration in a line. It is the last resort: nothing logs a secret on purpose.
 * Secrets shorter than 8 characters are not replaced.
 */
export function redaction(config: Config): (line: string) => string {
  const secrets = [
    ...(config.CALLBACK_TOKEN ?? []),
    ...(config.ADMIN_API_KEY ?? []),
    ...(config.OPENIM_SECRET === undefined ? [] : [config.OPENIM_SECRET]),
    ...passwordsOf(config.DATABASE_URL),
  ]
    .filter((secret) => secret.length >= MIN_LENGTH)
    .flatMap(spellings)
    .map((secret) => secret.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(secrets.join('|'), 'g');
  return secrets.length === 0 ? (line) => line : (line) => line.replace(pattern, '[secret]');
}
