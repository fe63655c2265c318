import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Request, Response } from 'express';
import { DataSource } from 'typeorm';
import { toHttpException } from '../server/exceptions.filter.js';
import { logErrorOf } from '../server/request-logger.js';
import { html } from './html.js';

/** Answers errors of the console with a page. A browser without a session is sent to the sign-in. */
@Catch()
export class ConsoleFilter implements ExceptionFilter {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async catch(exception: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toHttpException(exception, this.dataSource);
    const status = error.getStatus();
    if (status >= 500) {
      logErrorOf(response, exception);
    }
    if (response.headersSent) {
      response.destroy();
    } else if (status === 401) {
      await toSignIn(request, response);
    } else {
      response
        .status(status)
        .type('html')
        .send(await pageOf(request, status, messageOf(error.getResponse())));
    }
  }
}

/**
 * A link on another site is followed without the `Strict` cookie. The page that follows it then loads itself again, with the cookie where there
 * is one.
 */
async function toSignIn(request: Request, response: Response): Promise<void> {
  if (request.headers['sec-fetch-site'] === 'cross-site' && request.method === 'GET') {
    response.type('html').send(await html(request, 'reload', {}));
    return;
  }
  const to = request.method === 'GET' ? request.originalUrl : '/console';
  response.redirect(303, `/console/sign-in?to=${encodeURIComponent(to)}`);
}

const pageOf = (request: Request, status: number, message: string): Promise<string> =>
  html(request, 'problem', { status, message }).catch((error: unknown) => {
    logErrorOf(request.res!, error);
    return 'The console cannot show this page; the log of the service has the reason';
  });

const messageOf = (answer: string | object): string =>
  typeof answer === 'string'
    ? answer
    : [(answer as { message?: string | string[] }).message].flat().join('; ');
