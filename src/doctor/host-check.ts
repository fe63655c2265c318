import type { Config } from '../config/config.js';
import { type Finding, warning } from './finding.js';

/** Whether a host is the machine itself. */
export const isLoopback = (host: string): boolean => /^(localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);

/** Finds a service that only its own machine reaches, with an OpenIM on another one. */
export function checkHost({ HOST, OPENIM_API_URL }: Config): Finding[] {
  return isLoopback(HOST) && OPENIM_API_URL !== undefined && !isLoopback(new URL(OPENIM_API_URL).hostname)
    ? [
        warning(
          `HOST is ${HOST}, so only this machine reaches the service, and OpenIM is on another one`,
          'Set HOST=0.0.0.0, unless a proxy on this machine passes the callbacks on',
        ),
      ]
    : [];
}
