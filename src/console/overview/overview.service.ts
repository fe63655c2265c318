import { Injectable } from '@nestjs/common';
import { CALLBACK_COMMANDS } from '../../callback/payloads/callback-commands.js';
import { Config } from '../../config/config.js';
import type { DatabaseCondition } from '../../postgres/database-state.js';
import type { WaitingDto } from '../../reconciliation/reconciliation.dto.js';
import type { ReconciliationState } from '../../reconciliation/reconciliation.service.js';
import { ReconciliationService } from '../../reconciliation/reconciliation.service.js';
import { CachedCount } from '../../stats/cached-count.js';
import type { StatsDto } from '../../stats/stats.dto.js';
import { type Connection, StatsService } from '../../stats/stats.service.js';
import { type Bucket, CallbackHistory, type Outcomes } from './callback-history.js';
import { PagePart } from './page-part.js';
import { type Problem, problemsOf } from './problems.js';

/** What the overview shows. A part that is not available in time is null. */
export interface Overview {
  readonly problems: Problem[];
  readonly journal: StatsDto['journal'];
  readonly hasJournal: boolean;
  readonly reconciliation: ReconciliationState | null;
  readonly waiting: WaitingDto | null;
  readonly connection: Connection | null;
  readonly history: Bucket[] | null;
  /** Callbacks of 24 h. */
  readonly outcomes: Outcomes | null;
  /** When each command was received last; null: never. */
  readonly commands: { command: string; receivedAt: string | null }[] | null;
}

/** Reads what the overview shows. It counts nothing that grows with the number of groups. */
@Injectable()
export class OverviewService {
  private readonly history: PagePart<Bucket[]>;
  private readonly reconciliation: PagePart<ReconciliationState>;
  private readonly waiting: PagePart<WaitingDto>;
  private readonly lastReceived: PagePart<StatsDto['lastReceived']>;
  private readonly connection: PagePart<Connection>;

  constructor(
    private readonly config: Config,
    private readonly stats: StatsService,
    reconciliation: ReconciliationService,
    history: CallbackHistory,
  ) {
    const waiting = new CachedCount(() => reconciliation.readWaiting());
    this.history = new PagePart(() => history.read());
    this.reconciliation = new PagePart(() => reconciliation.readState());
    this.waiting = new PagePart(() => waiting.read());
    this.lastReceived = new PagePart(() => stats.readLastReceived());
    this.connection = new PagePart(() => stats.readConnection());
  }

  /** Reads the parts that are available within 100 ms. */
  async read(database: DatabaseCondition): Promise<Overview> {
    const [history, reconciliation, waiting, lastReceived, connection] = await Promise.all([
      this.history.read(),
      this.reconciliation.read(),
      this.waiting.read(),
      this.lastReceived.read(),
      this.connection.read(),
    ]);
    const journal = this.stats.readJournal();
    const state = {
      journal,
      hasJournal: this.config.JOURNAL === 'on',
      reconciliation,
      waiting,
      connection,
      history,
      outcomes: history && totalOf(history),
      commands: lastReceived && withSilentCommands(lastReceived),
    };
    return { problems: problemsOf(state, database), ...state };
  }
}

function totalOf(history: readonly Bucket[]): Outcomes {
  const total: Outcomes = {};
  for (const [outcome, callbacks] of history.flatMap(({ outcomes }) => Object.entries(outcomes))) {
    const key = outcome as keyof Outcomes;
    total[key] = (total[key] ?? 0) + callbacks;
  }
  return total;
}

/** The received commands, newest first, then the mirrored ones that were never received. */
function withSilentCommands(
  received: NonNullable<StatsDto['lastReceived']>,
): NonNullable<Overview['commands']> {
  const names = new Set(received.map(({ command }) => command));
  const silent = [...CALLBACK_COMMANDS.keys()].filter((command) => !names.has(command));
  return [
    ...received.toSorted((a, b) => b.receivedAt.localeCompare(a.receivedAt)),
    ...silent.map((command) => ({ command, receivedAt: null })),
  ];
}
