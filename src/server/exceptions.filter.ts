import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  type ExceptionFilter,
  HttpException,
  InternalServerErrorException,
  NotFoundException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Request, Response } from 'express';
import { DataSource } from 'typeorm';
import { isCallback } from '../callback/callback-path.js';
import { exchangeOf } from '../callback/callback-exchange.js';
import { refusal } from '../callback/callback-reply.js';
import { isDatabaseUnavailable } from '../postgres/errors.js';
import { logErrorOf } from './request-logger.js';

/**
 * Answers every error: in OpenIM's reply format under `/callback`, in Nest's standard shape elsewhere. Answers 503 while PostgreSQL is
 * unreachable and 500 for anything unexpected; details go to the log only.
 */
@Catch()
export class ExceptionsFilter implements ExceptionFilter {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = withoutPath(toHttpException(exception, this.dataSource), request);
    const status = error.getStatus();
    if (status >= 500) {
      logErrorOf(response, exception);
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 401) {
      response.setHeader('WWW-Authenticate', isCallback(request) ? 'Basic' : 'Bearer');
    }
    if (isCallback(request)) {
      const reply = refusal(error);
      const { log, isAdmitted } = exchangeOf(response);
      log.outcome = status >= 500 ? 'failed' : isAdmitted ? 'rejected' : 'denied';
      log.problems = reply.errDlt;
      response.status(status).json(reply);
    } else {
      response.status(status).json(error.getResponse());
    }
  }
}

/** Returns what an error is for the caller: 503 while PostgreSQL is unreachable, and 500 without details for anything unexpected. */
export function toHttpException(exception: unknown, dataSource: DataSource): HttpException {
  if (exception instanceof HttpException) {
    return exception;
  }
  if (!dataSource.isInitialized || isDatabaseUnavailable(exception)) {
    return new ServiceUnavailableException('The database cannot be reached');
  }
  return new InternalServerErrorException();
}

/** Replaces the message of a request without a route: the messages of Nest and Express repeat the path, which may contain a token. */
function withoutPath(error: HttpException, request: Request): HttpException {
  if (request.route !== undefined || error.getStatus() >= 500) {
    return error;
  }
  const isUnknown = error.getStatus() === 404;
  if (isCallback(request) && isUnknown) {
    return new NotFoundException(
      'Callbacks are taken by POST /callback/{command}: the url in webhooks.yml ends in /callback',
    );
  }
  return isUnknown
    ? new NotFoundException(
        'There is no such route; callbacks go to /callback/{command}, and GET /docs lists all others',
      )
    : new BadRequestException('The path cannot be read');
}
