const HOST = 'correct the host in DATABASE_URL, or let this machine reach it (DNS, firewall, network)';
const SILENT =
  'look whether PostgreSQL hangs, correct the host in DATABASE_URL, or open the way to it (firewall, network)';
const CERTIFICATE =
  'name the authority of its certificate with sslrootcert in DATABASE_URL, or trust any certificate with sslmode=no-verify';

/** What the operator can do, by SQLSTATE and by the error codes of Node and OpenSSL. */
const ADVICE: Readonly<Record<string, string>> = {
  '28000': 'correct the user in DATABASE_URL, or allow it in pg_hba.conf of PostgreSQL',
  '28P01': 'correct the user or the password in DATABASE_URL',
  '3D000': 'create the database, or correct its name in DATABASE_URL',
  '42501': 'grant the user in DATABASE_URL the right to CONNECT to the database',
  '53300': 'lower DATABASE_POOL_SIZE, or raise max_connections of PostgreSQL',
  ECONNREFUSED: 'start PostgreSQL, or correct the host and the port in DATABASE_URL',
  ENOENT: 'start PostgreSQL, or correct the folder of its socket in DATABASE_URL',
  ENOTFOUND: HOST,
  EAI_AGAIN: HOST,
  EHOSTUNREACH: HOST,
  ENETUNREACH: HOST,
  ETIMEDOUT: SILENT,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
};

/** Advice for errors of node-postgres that have no code, by a part of their message. */
const BY_MESSAGE: readonly (readonly [part: string, advice: string])[] = [
  ['timeout', SILENT],
  ['did not answer', SILENT],
  ['terminated', 'look at the log of PostgreSQL'],
  ['does not support SSL', 'remove sslmode from DATABASE_URL'],
];

/** Says why a connection to PostgreSQL cannot be made, and what the operator can do, where that is known. */
export function withAdvice(error: unknown): string {
  const { message, code = '', cause } = error as NodeJS.ErrnoException;
  const causeCode = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const advice =
    ADVICE[code] ?? ADVICE[causeCode] ?? BY_MESSAGE.find(([part]) => message.includes(part))?.[1];
  return [message || code, ...(advice ? [advice] : [])].join('; ');
}
