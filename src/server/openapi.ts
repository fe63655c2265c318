import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { VERSION } from '../config/version.js';

/** Serves the OpenAPI description of all routes: as pages at `/docs`, as JSON at `/docs-json`. */
export function serveOpenApi(app: INestApplication): void {
  const description = new DocumentBuilder()
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
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    jsonDocumentUrl: 'docs-json',
  });
}
