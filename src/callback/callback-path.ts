import type { NextFunction, Request, Response } from 'express';

/** Whether a request is OpenIM's, also where it goes to a route that does not exist: after `plainPath`. */
export const isCallback = ({ originalUrl }: Request): boolean => /^\/callback(\/|$)/i.test(originalUrl);

/**
 * OpenIM puts `/` and the command behind the url of `webhooks.yml`: where that ends in a slash there are two. A proxy may send the
 * whole url where the path belongs, and somebody may put a token into a query, which means nothing here: what is left under `/callback`
 * is the path, before anything is logged.
 */
export function plainPath(request: Request, _response: Response, next: NextFunction): void {
  if (/^\/callback\/\w+$/.test(request.url)) {
    return next(); // as nearly all of them are
  }
  const url = request.url.replace(/^https?:\/\/[^/?]*/i, '') || '/';
  const [path = ''] = url.split('?');
  request.url = /^\/+callback(\/|$)/i.test(path) ? path.replace(/\/{2,}/g, '/') : url;
  request.originalUrl = request.url;
  next();
}
