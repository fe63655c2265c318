import { applyDecorators, UseFilters, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import { ApiExcludeController } from '../openapi/decorators.js';
import { ConsoleFilter } from './console.filter.js';
import { FormValues } from './form-values.pipe.js';
import { SameOriginGuard } from './session/same-origin.guard.js';
import { SessionGuard } from './session/session.guard.js';

/** Decorates a controller of the console: with the guards, the validation of what a browser sends, and errors as pages. */
export const ConsolePages = ({ needsSession = true } = {}): ClassDecorator =>
  applyDecorators(
    UseGuards(SameOriginGuard, ...(needsSession ? [SessionGuard] : [])),
    UseFilters(ConsoleFilter),
    UsePipes(FormValues, new ValidationPipe({ transform: true, whitelist: true, stopAtFirstError: true })),
    ApiExcludeController(),
  );
