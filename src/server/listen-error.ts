/** Error of a service that cannot listen on its address; the message says why and what to do. */
export class ListenError extends Error {}

/** Describes why the service cannot listen, by Node's error code. */
export function listenError(host: string, port: number, cause: NodeJS.ErrnoException): ListenError {
  switch (cause.code) {
    case 'EADDRINUSE':
      return new ListenError(`Port ${port} is in use; set PORT=${port < 65_535 ? port + 1 : 3000}`, {
        cause,
      });
    case 'EACCES':
      return new ListenError(`Port ${port} needs more rights than this user has; set PORT=3000`, { cause });
    case 'EADDRNOTAVAIL':
      return new ListenError(`HOST ${host} is not an address of this machine; set HOST=0.0.0.0 for all`, {
        cause,
      });
    case 'ENOTFOUND':
      return new ListenError(`HOST ${host} cannot be resolved; set HOST=0.0.0.0 for all addresses`, {
        cause,
      });
    default:
      return new ListenError(`HOST ${host} and PORT ${port} cannot be listened on: ${cause.message}`, {
        cause,
      });
  }
}
