import type { ClientConfig } from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';

/** A `DATABASE_URL` that cannot be used; the message says why and what to do, and contains no secret. */
export class DatabaseUrlError extends Error {}

/** The values of libpq, and `no-verify` of node-postgres. */
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/** Values that node-postgres treats as verify-full, with a warning on stderr (pg-connection-string, deprecatedSslModeWarning). */
const ALIASES_OF_VERIFY_FULL = /(?<=[?&]sslmode=)(prefer|require|verify-ca)(?=&|$)/;

const PERCENT_ENCODE =
  'percent-encode %, #, /, ?, @ and spaces in the user and the password (% as %25, # as %23)';

/**
 * Parses a url of PostgreSQL as libpq does, as far as node-postgres supports it.
 * @throws DatabaseUrlError
 */
export function readDatabaseUrl(url: string): ClientConfig {
  const [, authority = ''] = /^postgres(?:ql)?:\/\/([^/?]*)/.exec(url) ?? [];
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new DatabaseUrlError('must be a postgres:// URL');
  }
  if (url.includes('#') || /%(?![0-9a-f]{2})/i.test(url)) {
    throw new DatabaseUrlError(`is not a URL: ${PERCENT_ENCODE}`);
  }
  const query = new URLSearchParams(url.split('?')[1]);
  if (/,/.test(authority.slice(authority.lastIndexOf('@') + 1)) || query.get('host')?.includes(',')) {
    throw new DatabaseUrlError(
      'names several hosts, which node-postgres cannot try in turn: name one that leads to the primary, such as a proxy or a DNS name',
    );
  }
  const sslMode = query.get('sslmode');
  if (sslMode !== null && !SSL_MODES.includes(sslMode)) {
    throw new DatabaseUrlError(`has an unknown sslmode: known are ${SSL_MODES.join(', ')}`);
  }
  const isCompatible = query.get('uselibpqcompat') === 'true';
  try {
    return parseIntoClientConfig(isCompatible ? url : url.replace(ALIASES_OF_VERIFY_FULL, 'verify-full'));
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    throw new DatabaseUrlError(
      code === 'ERR_INVALID_URL' || error instanceof URIError
        ? `is not a URL: ${PERCENT_ENCODE}`
        : path === undefined
          ? `cannot be used: ${message}`
          : `names a file that cannot be read: ${path} (${code})`,
    );
  }
}
