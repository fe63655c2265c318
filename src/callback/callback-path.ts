import type { NextFunction, Request, Response } from 'express';

/** Whether a request comes from OpenIM, also where no route takes its path. Needs `plainPath` before. */
export const isCallback = ({ originalUrl }: Request): boolean => /^\/callback(\/|$)/i.test(originalUrl);

/**
 * Reduces the url of a callback to its path, before anything is logged.
 * OpenIM appends `/` and the command to the url in `webhooks.yml`: a trailing slash there makes two. A proxy may send an absolute url.
 * A query means nothing under `/callback`, and may hold a token by mistake.
 */
export function plainPath(request: Request, _response: Response, next: NextFunction): void {
  if (/^\/callback\/\w+$/.test(request.url)) {
    return next(); // nearly all callbacks
  }
  const url = request.url.replace(/^https?:\/\/[^/?]*/i, '') || '/';
  const [path = ''] = url.split('?');
  request.url = /^\/+callback(\/|$)/i.test(path) ? path.replace(/\/{2,}/g, '/') : url;
  request.originalUrl = request.url;
  next();
}
