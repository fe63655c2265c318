import { CALLBACK_COMMANDS } from '../src/callback/payloads/callback-commands.js';
import { HOOKS_OF_DRIFT } from '../src/hooks/hooks-of-drift.js';
import { HooksMonitor } from '../src/hooks/hooks-monitor.js';
import { OpenImClock } from '../src/hooks/openim-clock.js';
import type { StatsDto } from '../src/stats/stats.dto.js';
import { readMetrics } from './helpers/metrics.js';
import { eventually } from './helpers/process.js';
import { newGroup, World } from './helpers/world.js';

it('The hooks that report drift are those of the commands', () => {
  for (const { key, command } of Object.values(HOOKS_OF_DRIFT).flat()) {
    expect([command, CALLBACK_COMMANDS.get(command)?.webhook.key]).toEqual([command, key]);
  }
});

describe('A hook that is off, a hook that asks before, and a clock that is ahead', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start([newGroup(3)], { RECONCILE_INTERVAL: '1s' });
    world.openIm.faults = { clockAheadMs: 60_000 };
    await world.service.database.query(
      `INSERT INTO group_changes (group_id, revision, recorded_at, position, kinds, source, as_of, change, drift)
      VALUES ('g', 1, now(), '1', '{left}', 'reconciliation', now(), '{}',
        '[{"kind": "left", "differences": 2, "missedCallbacks": 2, "summary": "s", "userIDs": ["u1", "u2"]},
          {"kind": "group", "differences": 1, "missedCallbacks": 1, "summary": "s"}]')`,
    );
    await world.service.database.query(
      `INSERT INTO callback_deliveries (id, received_at, command, operation_id, group_id, outcome, duration_ms)
      VALUES (gen_random_uuid(), now() - interval '1 hour', 'callbackAfterCreateGroupCommand', 'o', 'other', 'applied', 1)`,
    );
    const command = 'callbackBeforeCreateGroupCommand';
    await world.service.post(command, { callbackCommand: command });
    await world.service.post(command, { callbackCommand: command });
    await eventually(() => world.service.app.get(OpenImClock, { strict: false }).differenceMs! > 50_000);
    const stop = new AbortController();
    const running = world.service.app.get(HooksMonitor, { strict: false }).run(stop.signal);
    await eventually(() => warnings().length >= 3);
    stop.abort();
    await running;
  }, 60_000);

  afterAll(() => World.endAll());

  const warnings = () =>
    world.service.log.filter(
      ({ level, context }) => level === 'warn' && /Hooks|Callbacks/.test(String(context)),
    );

  it('are in the log once', () => {
    expect(warnings()).toEqual([
      expect.objectContaining({
        msg: 'OpenIM asks this service before users act: set enable to false in webhooks.yml',
        command: 'callbackBeforeCreateGroupCommand',
      }),
      expect.objectContaining({ msg: 'The clocks of OpenIM and PostgreSQL differ' }),
      expect.objectContaining({
        msg: 'A hook of OpenIM is off, or its callbacks do not arrive',
        hooks: ['afterQuitGroup', 'afterKickGroupMember'],
        lostCallbacks: 2,
      }),
    ]);
  });

  it('are in the statistics, with what arrived of the same hooks', async () => {
    const { body } = await world.service.admin<StatsDto>('/stats');
    expect(body.lostCallbacks).toEqual([
      { hooks: ['afterCreateGroup'], lost: 1, arrived: 1 },
      { hooks: ['afterQuitGroup', 'afterKickGroupMember'], lost: 2, arrived: 0 },
    ]);
    expect(body.beforeCommands).toEqual(['callbackBeforeCreateGroupCommand']);
    expect(body.clockDifferenceMs! / 1000).toBeCloseTo(60, -1);
  });

  it('are in the metrics', async () => {
    const metrics = await readMetrics(world.service.url);
    expect(metrics.value('openim_before_callbacks_total')).toBe(2);
    expect(metrics.value('openim_clock_difference_seconds')).toBeCloseTo(60, -1);
    expect(metrics.all('openim_silent_hooks_lost_callbacks')).toEqual([
      expect.objectContaining({ labels: { hooks: 'afterQuitGroup,afterKickGroupMember' }, value: 2 }),
    ]);
  });
});
