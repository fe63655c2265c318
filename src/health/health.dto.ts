import { ApiProperty, ApiPropertyOptional } from '../openapi/decorators.js';

/** Whether PostgreSQL takes callbacks. */
export class DatabaseHealthDto {
  @ApiPropertyOptional({ description: 'Why it is not up' })
  message?: string;

  @ApiProperty({
    enum: ['up', 'degraded', 'down'],
    description: 'degraded: callbacks go to the journal',
  })
  status!: 'up' | 'degraded' | 'down';
}

/** The checks with one result. */
export class HealthChecksDto {
  @ApiPropertyOptional()
  database?: DatabaseHealthDto;
}

/** Readiness, in the format of `@nestjs/terminus`. */
export class HealthDto {
  @ApiProperty({ enum: ['ok', 'degraded', 'error', 'shutting_down'] })
  status!: 'ok' | 'degraded' | 'error' | 'shutting_down';

  @ApiProperty({ description: 'The checks with which callbacks are accepted' })
  info!: HealthChecksDto;

  @ApiProperty({ description: 'The checks with which callbacks are not accepted' })
  error!: HealthChecksDto;

  @ApiProperty({ description: 'All checks' })
  details!: HealthChecksDto;
}
