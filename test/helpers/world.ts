import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { ReconciliationDto, RunDto } from '../../src/reconciliation/reconciliation.dto.js';
import { FullRunsService } from '../../src/reconciliation/runs/full-runs.service.js';
import { FakeOpenIm } from './fake-openim.js';
import { differences } from './mirror.js';
import { type Callback, OpenImGroup, type Step } from './open-im.js';
import { becomesEmpty, eventually } from './process.js';
import { KEY, Service } from './service.js';

/** The worlds that were started by one test. */
const scope = new AsyncLocalStorage<Set<World>>();

/**
 * Makes a test end the worlds that it starts, so that it can run at the same time as others:
 * `it.concurrent('...', inItsOwnWorld(async () => { ... }))`.
 */
export const inItsOwnWorld =
  <Args extends unknown[]>(test: (...args: Args) => Promise<void>) =>
  async (...args: Args): Promise<void> => {
    const worlds = new Set<World>();
    try {
      await scope.run(worlds, () => test(...args));
    } finally {
      await World.endAll(worlds);
    }
  };

/** A fake OpenIM and a service that mirrors it. */
export class World {
  private static readonly all = new Set<World>();

  private constructor(
    readonly openIm: FakeOpenIm,
    readonly service: Service,
  ) {}

  /** Starts both, and waits for the backfill. @param groups the groups in OpenIM before the service starts */
  static async start(groups: OpenImGroup[], settings: Record<string, string> = {}): Promise<World> {
    const openIm = await FakeOpenIm.start();
    openIm.add(...groups);
    const world = new World(
      openIm,
      await Service.start({
        ...openIm.settings,
        RECONCILE_INTERVAL: '1h',
        DATABASE_POOL_SIZE: '3',
        ...settings,
      }),
    );
    (scope.getStore() ?? World.all).add(world);
    expect(await world.runEnds(({ kind }) => kind === 'backfill')).toMatchObject({
      state: 'done',
      problem: null,
    });
    return world;
  }

  static async endAll(worlds = World.all): Promise<void> {
    await Promise.all(Array.from(worlds, (world) => world.end()));
    worlds.clear();
  }

  private async end(): Promise<void> {
    await this.service.stop();
    await this.openIm.stop();
  }

  get groups(): [OpenImGroup, OpenImGroup, OpenImGroup] {
    return [...this.openIm.groups.values()] as [OpenImGroup, OpenImGroup, OpenImGroup];
  }

  async read(): Promise<ReconciliationDto> {
    return (await this.service.admin<ReconciliationDto>('/reconciliation')).body;
  }

  post(path: string): Promise<{ status: number; body: unknown }> {
    return this.service.fetch(`/admin${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}` },
    });
  }

  /** Waits for the end of such a run. @returns the newest that has ended */
  async runEnds(which: (run: RunDto) => boolean): Promise<RunDto> {
    let run: RunDto | undefined;
    await eventually(async () => {
      run = (await this.read()).runs.find((candidate) => candidate.endedAt !== null && which(candidate));
      return run !== undefined;
    }, 60_000);
    return run!;
  }

  /** Shortens the delay before a full run retries groups that failed. Groups that a callback changed within the last seconds need the full delay. */
  shortenRetryDelay(): void {
    this.service.app.get(FullRunsService).retryDelayMs = 200;
  }

  /** Requests a full run, and waits for its end. */
  async reconcile(): Promise<RunDto> {
    const requested = (await this.post('/reconciliation')).body as RunDto;
    return this.runEnds(({ id }) => id === requested.id);
  }

  /** Requests a full run during an outage of OpenIM, and waits until the run has ended or is to be retried. */
  async tryToReconcile(): Promise<RunDto> {
    const requested = (await this.post('/reconciliation')).body as RunDto;
    let run: RunDto | undefined;
    await eventually(async () => {
      run = (await this.read()).runs.find(({ id }) => id === requested.id);
      return (
        run !== undefined && (run.endedAt !== null || (run.state === 'requested' && run.problem !== null))
      );
    }, 60_000);
    return run!;
  }

  /** Posts callbacks one after another. On a busy machine one may be late (503): it is posted again. */
  async deliver(callbacks: Callback[]): Promise<void> {
    for (const { command, body } of callbacks) {
      const { status } = await this.service.post(command, body);
      expect(status === 503 ? (await this.service.post(command, body)).status : status).toBe(200);
    }
  }

  async timeline(groupID: string): Promise<string[]> {
    const { body } = await this.service.admin<{ items: { what: string }[] }>(`/groups/${groupID}/timeline`);
    return body.items.map(({ what }) => what);
  }

  async expectTruth(): Promise<void> {
    expect(await this.differences()).toEqual([]);
  }

  private differences(): Promise<object[]> {
    return differences(this.service.database, this.openIm.groups.values());
  }

  /** Waits until the mirror equals OpenIM. @returns the duration in ms */
  async becomesRight(): Promise<number> {
    const start = Date.now();
    await becomesEmpty(() => this.differences());
    return Date.now() - start;
  }
}

/**
 * Makes a group of three members that was created long ago.
 * @param members number of further ordinary members
 */
export const newGroup = (members = 0, createTime = Date.now() - 86_400_000): OpenImGroup => {
  const group = new OpenImGroup(randomUUID(), createTime);
  for (let index = 0; index < members; index += 1) {
    group.members.set(`m${String(index).padStart(6, '0')}`, { roleLevel: 20, nickname: null });
  }
  group.callbacks.splice(0);
  return group;
};

/** Makes a step of a history. */
export const step = (action: Step['action'], who = 0, what = 0) => ({
  action,
  who,
  what,
});
