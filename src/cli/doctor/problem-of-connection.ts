type Problem = readonly [what: string, advice: string];

const ADDRESS =
  'Is the address the one that OpenIM reaches (in Docker the service’s name in a common network), and the service running?';
const TRUST =
  'OpenIM trusts only what the system it runs on trusts, and cannot be told to trust more: give the proxy a certificate of a public authority, or call the service by http in a private network';
const NOT_TLS =
  'Is the port that of http? The service itself speaks no TLS: begin the url with http://, or name the port of the proxy';

/** By Node's and OpenSSL's codes. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  ECONNREFUSED: ['ECONNREFUSED, nobody listens there', `Is the port right? ${ADDRESS}`],
  ENOTFOUND: ['ENOTFOUND, its host is not known', ADDRESS],
  EAI_AGAIN: ['EAI_AGAIN, its host could not be looked up', `Does this machine reach its DNS? ${ADDRESS}`],
  EHOSTUNREACH: ['EHOSTUNREACH, no way leads to its host', ADDRESS],
  ENETUNREACH: ['ENETUNREACH, no way leads to its network', ADDRESS],
  ECONNRESET: [
    'ECONNRESET, the connection was closed without an answer',
    'What listens there does not speak HTTP, or speaks it only by TLS: then the url begins with https://',
  ],
  EPROTO: ['EPROTO, no TLS is spoken there', NOT_TLS],
  ERR_SSL_WRONG_VERSION_NUMBER: ['no TLS is spoken there', NOT_TLS],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['no TLS is spoken there', NOT_TLS],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is signed by itself', TRUST],
  SELF_SIGNED_CERT_IN_CHAIN: ['the authority of its certificate is not trusted', TRUST],
  UNABLE_TO_GET_ISSUER_CERT: ['the authority of its certificate is not known', TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the authority of its certificate is not known', TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate comes without those between it and the authority',
    'Let the proxy send the whole chain',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew it'],
  CERT_NOT_YET_VALID: [
    'its certificate is not valid yet',
    'Look at the clocks of this machine and of the proxy',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is of another host',
    'Use the name in the certificate, or a certificate with this one',
  ],
};

/** Other names of the same. */
const SAME: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'TimeoutError',
  UND_ERR_CONNECT_TIMEOUT: 'TimeoutError',
  UND_ERR_HEADERS_TIMEOUT: 'TimeoutError',
  UND_ERR_BODY_TIMEOUT: 'TimeoutError',
  UND_ERR_SOCKET: 'ECONNRESET',
  EPIPE: 'ECONNRESET',
};

/**
 * Says why a request by fetch had no answer.
 * @param error that fetch threw
 * @param timeoutMs how long it was given
 * @returns the problem, and what to do
 */
export function problemOfConnection(error: Error, timeoutMs: number): Problem {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  const name = error.name === 'TimeoutError' ? error.name : String(code);
  const key = SAME[name] ?? name;
  if (key === 'TimeoutError') {
    return [
      `nothing came within ${timeoutMs / 1000} s`,
      `A firewall drops what is sent there, or what listens there is no HTTP server, or is stuck. OpenIM does not wait longer either. ${ADDRESS}`,
    ];
  }
  if (key.startsWith('HPE_')) {
    return ['no HTTP is spoken there', `Is the port right? ${ADDRESS}`];
  }
  if (Object.hasOwn(PROBLEMS, key)) {
    return PROBLEMS[key]!;
  }
  return /certificate|tls|ssl/i.test(`${key} ${message}`)
    ? [`TLS fails, ${message}`, TRUST]
    : [code === undefined ? message : `${code}, ${message}`, ADDRESS];
}
