import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  type HealthCheckResult,
  type HealthIndicatorResult,
  HealthIndicatorService,
} from '@nestjs/terminus';
import { DatabaseService } from '../database/database.service.js';
import { JournalService } from '../journal/journal.service.js';
import { DatabaseState } from '../postgres/database-state.js';
import { withTimeout } from '../waiting/with-timeout.js';

/** Time for which an answer waits for PostgreSQL, in ms: the probe of Kubernetes has 1 s by default. A later result is in the next answer. */
const DATABASE_TIMEOUT_MS = 900;

/** Probes of orchestrators and load balancers. */
@Controller('health')
@ApiTags('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly state: DatabaseState,
    private readonly database: DatabaseService,
    private readonly journal: JournalService,
  ) {}

  /** Answers 200 while the process runs. */
  @Get('live')
  @ApiOperation({ summary: 'Check whether the process runs' })
  @ApiOkResponse({ description: 'The process runs' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /**
   * Answers 200 while callbacks are accepted: `ok`, or `degraded` while they go to the journal because PostgreSQL cannot be reached or accepts
   * no writes. Answers 503 where the journal does not accept them, while migrations are pending, and while the process stops.
   */
  @Get('ready')
  @ApiOperation({ summary: 'Check whether callbacks are accepted' })
  @HealthCheck()
  ready(): Promise<HealthCheckResult> {
    return this.health.check([() => this.callbacks()]);
  }

  /** Checks PostgreSQL and the journal. Unlike terminus's check of TypeORM it reveals no address and no message of the driver. */
  private async callbacks(): Promise<HealthIndicatorResult<'database'>> {
    const check = this.indicators.check('database');
    const condition = await withTimeout(this.state.check(), DATABASE_TIMEOUT_MS, () => this.state.condition);
    if (condition === 'writable') {
      return check.up();
    }
    const problem = condition === 'away' ? 'cannot be reached' : 'takes no writes';
    return this.journal.isAccepting && this.database.isWaitingForPostgres
      ? check.degraded(`${problem}; callbacks go to the journal`)
      : check.down(problem);
  }
}
