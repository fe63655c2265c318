import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import * as swagger from '@nestjs/swagger';
import type { Express } from 'express';
import { VERSION } from '../config/version.js';
import { describeAll } from '../openapi/decorators.js';

/** Describes all routes of a running service, and returns the pages about them. */
export function openApiPages(app: INestApplication): Express {
  describeAll(swagger);
  const description = new swagger.DocumentBuilder()
    .setTitle('openim-group-sync')
    .setDescription(
      'Receives the group callbacks of an OpenIM server, and serves the groups and their members to the staff of the company.',
    )
    .setVersion(VERSION)
    .addBasicAuth({
      type: 'http',
      scheme: 'basic',
      description: 'Any user name; the password is CALLBACK_TOKEN',
    })
    // addBearerAuth() would describe the key as a JWT.
    .addSecurity('bearer', { type: 'http', scheme: 'bearer', description: 'ADMIN_API_KEY' })
    .build();
  const document = swagger.SwaggerModule.createDocument(app, description);
  const adapter = new ExpressAdapter();
  adapter.set('etag', false);
  adapter.disable('x-powered-by');
  swagger.SwaggerModule.setup('docs', withAdapter(app, adapter), document, { jsonDocumentUrl: 'docs-json' });
  return adapter.getInstance<Express>();
}

/** Returns an application that adds its routes to another adapter: Nest's answer to unknown paths stands in front of routes that come late. */
function withAdapter(app: INestApplication, adapter: ExpressAdapter): INestApplication {
  // Nest's application is a Proxy that ignores assignments.
  return Object.create(app, {
    getHttpAdapter: { value: () => adapter },
    useStaticAssets: { value: adapter.useStaticAssets.bind(adapter) },
  }) as INestApplication;
}
