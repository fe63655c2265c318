import { createServer, type RequestListener } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Response } from 'express';
import { SilentConnections } from './silent-connections.js';

/**
 * How long an idle connection stays open, in ms. Go does not send a POST again whose connection was closed under it, and OpenIM
 * does not either: the callback is lost. So longer than OpenIM is likely to be silent, and than a proxy's usual 60 s.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** How long the head of a request may take to arrive, in ms; an idle connection has not begun one, nor has a silent one. */
const HEADERS_TIMEOUT_MS = 10_000;
/** How long a whole request may take to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often Node looks for requests that took longer, in ms: by so much they may live on. */
const CONNECTIONS_CHECKING_INTERVAL_MS = 2_000;

/** Express under this service: HTTP with time limits, and JSON without what Express makes of it. */
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
    // Who closes its sending side behind a request still reads: Node would close the other side before the answer.
    this.httpServer = Object.assign(server, { httpAllowHalfOpen: true });
    this.silent = new SilentConnections(server);
  }

  override close(): Promise<void> {
    const closed = super.close() as Promise<void>;
    this.silent?.close();
    return closed;
  }

  /**
   * Express's `response.json()` weighs ETags, freshness and charsets for each answer. Nothing here is cached, and JSON has one charset.
   */
  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (typeof body !== 'object' || body === null) {
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
