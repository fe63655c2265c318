/** A problem, and what the operator can do. */
type ConnectionProblem = readonly [problem: string, action: string];

const ADDRESS =
  'Check that the service is running, and that OpenIM reaches it at this address (in Docker: the name of the service in a common network)';
const TRUST =
  'OpenIM trusts the certificates that its system trusts, and has no setting for others: give the proxy a certificate of a public authority, or use http in a private network';
const NOT_TLS =
  'The service speaks http without TLS: begin the url with http://, or use the port of the proxy that speaks TLS';

/** Problems by the error codes of Node and OpenSSL. */
const PROBLEMS: Readonly<Record<string, ConnectionProblem>> = {
  ECONNREFUSED: ['ECONNREFUSED, no process listens there', `Check the port. ${ADDRESS}`],
  ENOTFOUND: ['ENOTFOUND, DNS does not know the host', ADDRESS],
  EAI_AGAIN: [
    'EAI_AGAIN, DNS did not resolve the host',
    `Check that this machine reaches its DNS. ${ADDRESS}`,
  ],
  EHOSTUNREACH: ['EHOSTUNREACH, there is no route to the host', ADDRESS],
  ENETUNREACH: ['ENETUNREACH, there is no route to the network', ADDRESS],
  ECONNRESET: [
    'ECONNRESET, the connection was closed without an answer',
    'Check the port: the process there does not speak HTTP, or only by TLS, and then the url begins with https://',
  ],
  EPROTO: ['EPROTO, the server does not speak TLS', NOT_TLS],
  ERR_SSL_WRONG_VERSION_NUMBER: ['the server does not speak TLS', NOT_TLS],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['the server does not speak TLS', NOT_TLS],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed', TRUST],
  SELF_SIGNED_CERT_IN_CHAIN: ['the authority of its certificate is not trusted', TRUST],
  UNABLE_TO_GET_ISSUER_CERT: ['the authority of its certificate is unknown', TRUST],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['the authority of its certificate is unknown', TRUST],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate comes without the intermediate certificates',
    'Let the proxy send the whole chain',
  ],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew the certificate'],
  CERT_NOT_YET_VALID: [
    'its certificate is not valid yet',
    'Check the clocks of this machine and of the proxy',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another host',
    'Use the host name in the certificate, or a certificate for this one',
  ],
};

/** Codes with the problem of another one. */
const ALIASES: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'TimeoutError',
  UND_ERR_CONNECT_TIMEOUT: 'TimeoutError',
  UND_ERR_HEADERS_TIMEOUT: 'TimeoutError',
  UND_ERR_BODY_TIMEOUT: 'TimeoutError',
  UND_ERR_SOCKET: 'ECONNRESET',
  EPIPE: 'ECONNRESET',
};

/**
 * Describes why a request by fetch had no answer.
 * @param error the error of fetch
 * @param timeoutMs time limit of the request
 */
export function describeConnectionError(error: Error, timeoutMs: number): ConnectionProblem {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  const name = error.name === 'TimeoutError' ? error.name : String(code);
  const key = ALIASES[name] ?? name;
  if (key === 'TimeoutError') {
    return [
      `no answer within ${timeoutMs / 1000} s`,
      `A firewall drops the request, or the process there is no HTTP server, or hangs. OpenIM does not wait longer either. ${ADDRESS}`,
    ];
  }
  if (key.startsWith('HPE_')) {
    return ['the server does not speak HTTP', `Check the port. ${ADDRESS}`];
  }
  if (Object.hasOwn(PROBLEMS, key)) {
    return PROBLEMS[key]!;
  }
  return /certificate|tls|ssl/i.test(`${key} ${message}`)
    ? [`TLS fails, ${message}`, TRUST]
    : [code === undefined ? message : `${code}, ${message}`, ADDRESS];
}
