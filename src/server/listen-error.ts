/** Advice for each of Node's error codes. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there, perhaps this service; stop it, or set PORT',
  EACCES: 'ports below 1024 need more rights; set PORT',
  EADDRNOTAVAIL: 'HOST is not an address of this machine; set HOST=0.0.0.0 to listen on all addresses',
  ENOTFOUND:
    'HOST cannot be resolved; set HOST to an address of this machine, or to 0.0.0.0 for all addresses',
};

/** Error of a service that cannot listen on its address; the message says why and what to do. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const advice = ADVICE[cause.code ?? ''];
    super(`HOST ${host} and PORT ${port} cannot be listened on: ${advice ?? cause.message}`, { cause });
  }
}
