/** What to do about each of Node's error codes. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there, perhaps this service; stop it, or set PORT',
  EACCES: 'ports below 1024 need more rights; set PORT',
  EADDRNOTAVAIL: 'HOST is no address of this machine; 0.0.0.0 takes all of them',
  ENOTFOUND: 'HOST is not known; it is an address of this machine, 0.0.0.0 takes all of them',
};

/** The service cannot listen on its address; the message says why and what to do. */
export class ListenError extends Error {
  constructor(host: string, port: number, cause: NodeJS.ErrnoException) {
    const advice = ADVICE[cause.code ?? ''];
    super(`HOST ${host} and PORT ${port} cannot be listened on: ${advice ?? cause.message}`, { cause });
  }
}
