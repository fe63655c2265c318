import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { DatabaseService } from '../database/database.service.js';
import { JournalService } from '../journal/journal.service.js';

const DATABASE_TIMEOUT_MS = 1000;

/** For orchestrators and load balancers. */
@Controller('health')
@ApiTags('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly database: DatabaseService,
    private readonly journal: JournalService,
  ) {}

  /** 200 while the process runs. */
  @Get('live')
  @ApiOkResponse({ description: 'The process runs' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /**
   * 200 while callbacks are taken: `ok`, or `degraded` while they go to the journal because PostgreSQL cannot be reached. 503 where they
   * cannot, before the database is in use for the first time, and while the process is about to stop.
   */
  @Get('ready')
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.callbacks()]);
  }

  /** Unlike terminus's own check of TypeORM it tells the outside no address and no driver's message. */
  private async callbacks(): Promise<HealthIndicatorResult<'database'>> {
    const check = this.indicators.check('database');
    const result = await check
      .attempt(async () => {
        await this.dataSource.query('SELECT 1').catch(() => Promise.reject(new Error('cannot be reached')));
      })
      .withTimeout(DATABASE_TIMEOUT_MS);
    return result.database.status === 'down' && this.journal.takes && this.database.lacksOnlyPostgres
      ? check.degraded('cannot be reached; callbacks go to the journal')
      : result;
  }
}
