import { createServer, type RequestListener } from 'node:http';
import { StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Response } from 'express';
import { SilentConnections } from './silent-connections.js';

/**
 * Time for which an idle connection stays open, in ms. Neither Go nor OpenIM repeats a POST on a connection that was closed meanwhile: the
 * callback is lost. The time is longer than usual pauses of OpenIM, and than the 60 s of most proxies.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** Time limit for the head of a request to arrive, in ms. It does not apply to idle and silent connections. */
const HEADERS_TIMEOUT_MS = 10_000;
/** Time limit for a request to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Interval in which Node enforces the limits, in ms. */
const CONNECTIONS_CHECKING_INTERVAL_MS = 2_000;

/** Express with time limits, and with a cheaper way to send JSON. */
export class HttpAdapter extends ExpressAdapter {
  private silent?: SilentConnections;

  override initHttpServer(): void {
    const server = createServer(
      {
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        connectionsCheckingInterval: CONNECTIONS_CHECKING_INTERVAL_MS,
      },
      this.getInstance<RequestListener>(),
    );
    // A client may close its sending side after the request; Node would close the other side before the answer.
    this.httpServer = Object.assign(server, { httpAllowHalfOpen: true });
    this.silent = new SilentConnections(server);
  }

  override close(): Promise<void> {
    const closed = super.close() as Promise<void>;
    this.silent?.close();
    return closed;
  }

  /**
   * Sends JSON. Express's `response.json()` computes an ETag, the freshness and the charset of each answer. No answer here is cached, and JSON
   * has one charset.
   */
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (typeof body !== 'object' || body === null || body instanceof StreamableFile) {
      return super.reply(response, body, statusCode);
    }
    const json = JSON.stringify(body);
    return response
      .writeHead(statusCode ?? response.statusCode, {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': Buffer.byteLength(json),
      })
      .end(json);
  }
}
