import type { INestApplication } from '@nestjs/common';
import type { Express, NextFunction, Request, Response } from 'express';

/**
 * Serves the OpenAPI description of all routes: as pages at `/docs`, as JSON at `/docs-json`. The first of these requests loads
 * `@nestjs/swagger`.
 */
export function serveOpenApi(app: INestApplication): void {
  let pages: Promise<Express> | undefined;
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!/^\/docs/i.test(request.path)) {
      return next();
    }
    pages ??= import('./openapi-pages.js').then(({ openApiPages }) => openApiPages(app));
    pages.then((handle) => handle(request, response, next), next);
  });
}
