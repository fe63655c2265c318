import { applyDecorators, UseGuards, UsePipes, ValidationPipe } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBearerAuth,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiTooManyRequestsResponse,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { AdminGuard } from './admin.guard.js';

/** What all controllers of the admin API have: the guard, the checking of every parameter, and what OpenAPI tells of both. */
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
    ApiUnauthorizedResponse({ description: 'No admin key, or a wrong one' }),
    ApiTooManyRequestsResponse({ description: 'Too many wrong admin keys came from this address' }),
    ApiServiceUnavailableResponse({ description: 'PostgreSQL cannot be reached' }),
  );
