import { applyDecorators, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '../openapi/decorators.js';
import { AdminGuard } from './admin.guard.js';

/** Decorates a controller of the admin API with the guard, the validation of parameters, and the common answers in OpenAPI. */
export const AdminRoutes = (): ClassDecorator =>
  applyDecorators(
    UseGuards(AdminGuard),
    UsePipes(
      new ValidationPipe({
        transform: true,
        whitelist: true,
        forbidNonWhitelisted: true,
        stopAtFirstError: true,
      }),
    ),
    ApiTags('admin'),
    ApiBearerAuth(),
    ApiBadRequestResponse({ description: 'An unknown or malformed parameter' }),
    ApiUnauthorizedResponse({ description: 'The admin key is missing or wrong' }),
    ApiTooManyRequestsResponse({ description: 'Too many wrong admin keys came from this address' }),
    ApiServiceUnavailableResponse({ description: 'PostgreSQL cannot be reached' }),
  );
