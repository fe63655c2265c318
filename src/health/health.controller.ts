import {
  type BeforeApplicationShutdown,
  Controller,
  Get,
  Header,
  ServiceUnavailableException,
} from '@nestjs/common';
import { DatabaseService } from '../database/database.service.js';
import { JournalService } from '../journal/journal.service.js';
import {
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '../openapi/decorators.js';
import { DatabaseState } from '../postgres/database-state.js';
import { withTimeout } from '../waiting/with-timeout.js';
import { type DatabaseHealthDto, HealthDto } from './health.dto.js';

/** Time for which an answer waits for PostgreSQL, in ms: the probe of Kubernetes has 1 s by default. A later result is in the next answer. */
const DATABASE_TIMEOUT_MS = 900;

/** Probes of orchestrators and load balancers. */
@Controller('health')
@ApiTags('health')
export class HealthController implements BeforeApplicationShutdown {
  private isStopping = false;

  constructor(
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
  @Header('Cache-Control', 'no-cache, no-store, must-revalidate')
  @ApiOkResponse({ type: HealthDto, description: 'Callbacks are accepted' })
  @ApiServiceUnavailableResponse({ type: HealthDto, description: 'Callbacks are not accepted' })
  async ready(): Promise<HealthDto> {
    const database = await this.checkDatabase();
    const isDown = database.status === 'down';
    const state = isDown ? 'error' : database.status === 'up' ? 'ok' : 'degraded';
    const health: HealthDto = {
      status: this.isStopping ? 'shutting_down' : state,
      info: isDown ? {} : { database },
      error: isDown ? { database } : {},
      details: { database },
    };
    if (isDown || this.isStopping) {
      throw new ServiceUnavailableException(health);
    }
    return health;
  }

  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }

  /** Checks PostgreSQL and the journal. The answer reveals no address and no message of the driver. */
  private async checkDatabase(): Promise<DatabaseHealthDto> {
    const condition = await withTimeout(this.state.check(), DATABASE_TIMEOUT_MS, () => this.state.condition);
    if (condition === 'writable') {
      return { status: 'up' };
    }
    const problem = condition === 'away' ? 'cannot be reached' : 'takes no writes';
    return this.journal.isAccepting && this.database.isWaitingForPostgres
      ? { message: `${problem}; callbacks go to the journal`, status: 'degraded' }
      : { message: problem, status: 'down' };
  }
}
