import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookEndpointDto, WebhookEndpoints } from '../src/webhooks/webhooks.dto.js';
import { eventually } from './helpers/process.js';
import { isComplete, Receiver, SECRET } from './helpers/receiver.js';
import { type Answer, CREATE, KEY, Service } from './helpers/service.js';

const INFO = 'callbackAfterSetGroupInfoCommand';
const OTHER_SECRET = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

let receiver: Receiver;
let service: Service;

beforeEach(async () => {
  receiver = await Receiver.start();
});

afterEach(async () => {
  await service.stop();
  await receiver.stop();
});

/** Starts the service, and waits until it sends from now on. */
async function start(settings: Record<string, string> = {}): Promise<void> {
  service = await Service.start({
    CHANGES_WEBHOOK_URL: receiver.url,
    CHANGES_WEBHOOK_SECRET: SECRET,
    ...settings,
  });
  await eventually(async () => (await endpoints()).length > 0);
}

const endpoints = async (): Promise<WebhookEndpointDto[]> =>
  (await service.admin<WebhookEndpoints>('/webhooks')).body.items;

const rewind = (query: string, id: string): Promise<Answer<WebhookEndpointDto>> =>
  service.fetch(`/admin/webhooks/${id}/rewind${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}` },
  });

const create = async (groupID: string): Promise<void> => {
  const { status } = await service.post(CREATE, {
    callbackCommand: CREATE,
    groupID,
    groupName: 'name',
    ownerUserID: 'o',
    createTime: 1_780_000_000_000,
    memberCount: 1,
    initMemberList: [{ userID: 'o', roleLevel: 100 }],
  });
  expect(status).toBe(200);
};

const rename = async (groupID: string, groupName: string): Promise<void> => {
  const { status } = await service.post(INFO, { callbackCommand: INFO, groupID, groupName });
  expect(status).toBe(200);
};

const becomesComplete = (groupID: string, last: number) =>
  eventually(() => {
    const revisions = receiver.received(groupID);
    expect([groupID, revisions, isComplete(revisions, last)]).toEqual([groupID, revisions, true]);
  }, 40_000);

describe('A change', () => {
  it('is posted with the headers of Standard Webhooks, signed with each secret', async () => {
    await start({ CHANGES_WEBHOOK_SECRET: `${OTHER_SECRET},${SECRET}` });
    await create('g');
    await becomesComplete('g', 1);
    const [{ headers, data }] = receiver.attempts as [(typeof receiver.attempts)[0]];
    expect(headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': expect.stringMatching(/^msg_[0-9a-f]{32}$/),
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
    });
    const { items } = (await service.admin<{ items: unknown[] }>('/changes')).body;
    expect(data).toEqual(items[0]);
  });

  it('is posted to each endpoint, also where another one is away', async () => {
    const away = 'http://127.0.0.1:2/';
    await start({ CHANGES_WEBHOOK_URL: `${away},${receiver.url}` });
    await eventually(async () => expect(await endpoints()).toHaveLength(2));
    await create('g');
    await becomesComplete('g', 1);
    await eventually(async () =>
      expect((await endpoints()).find(({ url }) => url === away)).toMatchObject({
        state: 'failing',
        lastError: 'ECONNREFUSED',
        heldGroups: [{ groupID: 'g', revision: 1, lastError: 'ECONNREFUSED' }],
      }),
    );
    expect((await endpoints()).find(({ url }) => url === receiver.url)).toMatchObject({
      state: 'active',
      heldGroups: [],
      lastError: null,
      skipped: 0,
    });
  });

  it('of before the first start is not posted, and one of after it is', async () => {
    service = await Service.start();
    await create('before');
    const { database } = service;
    const sender = await Service.start(
      { CHANGES_WEBHOOK_URL: receiver.url, CHANGES_WEBHOOK_SECRET: SECRET },
      () => Promise.resolve(database.url),
    );
    await eventually(async () => expect(await endpoints()).toMatchObject([{ state: 'removed' }]));
    await create('after');
    await becomesComplete('after', 1);
    expect(receiver.received('before')).toEqual([]);
    await sender.app.close();
  });
});

describe('A receiver that fails', () => {
  it('for one group gets the changes of the others, and those of this one in order when it works again, with the same ids', async () => {
    receiver.answer = ({ groupID }) => (groupID === 'poison' ? 500 : 204);
    await start();
    await create('poison');
    await create('good');
    for (let n = 2; n <= 6; n += 1) {
      await rename('poison', `name ${n}`);
      await rename('good', `name ${n}`);
    }
    await becomesComplete('good', 6);
    await eventually(async () =>
      expect((await endpoints())[0]!.heldGroups).toMatchObject([
        { groupID: 'poison', revision: 1, lastError: 'HTTP 500' },
      ]),
    );
    const failed = receiver.attempts.find(({ data }) => data.groupID === 'poison')!;
    receiver.answer = () => 204;
    await becomesComplete('poison', 6);
    expect(
      receiver.attempts.findLast(({ data }) => data.groupID === 'poison' && data.revision === 1)!.id,
    ).toBe(failed.id);
    await eventually(async () =>
      expect((await endpoints())[0]).toMatchObject({ state: 'active', heldGroups: [], lagSeconds: 0 }),
    );
  });

  it('for all groups gets everything in order when it works again, also of more groups than are held', async () => {
    receiver.answer = () => 503;
    await start();
    const groups = Array.from({ length: 50 }, (_, n) => `g${n}`);
    await Promise.all(groups.map((groupID) => create(groupID)));
    await Promise.all(groups.map((groupID) => rename(groupID, 'second')));
    await eventually(async () =>
      expect((await endpoints())[0]!.heldGroups.length).toBeGreaterThanOrEqual(20),
    );
    // Each of the 16 lanes may hold one more.
    expect((await endpoints())[0]!.heldGroups.length).toBeLessThanOrEqual(36);
    await Promise.all(groups.map((groupID) => rename(groupID, 'third')));
    receiver.answer = () => 204;
    for (const groupID of groups) {
      await becomesComplete(groupID, 3);
    }
    await eventually(async () =>
      expect((await endpoints())[0]).toMatchObject({ state: 'active', heldGroups: [] }),
    );
  });

  it('once with a third of the changes, at random, gets everything in order within a group', async () => {
    const failed = new Set<string>();
    receiver.answer = ({ groupID, revision }) => {
      const change = `${groupID} ${revision}`;
      const isFirst = !failed.has(change) && Math.random() < 1 / 3;
      failed.add(change);
      return isFirst ? 500 : 204;
    };
    await start();
    const groups = Array.from({ length: 12 }, (_, n) => `g${n}`);
    await Promise.all(
      groups.map(async (groupID) => {
        await create(groupID);
        for (let n = 2; n <= 8; n += 1) {
          await rename(groupID, `name ${n}`);
        }
      }),
    );
    for (const groupID of groups) {
      await becomesComplete(groupID, 8);
      expect(receiver.received(groupID)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    }
  });

  it('by a redirect is not followed', async () => {
    receiver.answer = () => ({ status: 302, headers: { location: receiver.url } });
    await start();
    await create('g');
    await eventually(async () =>
      expect((await endpoints())[0]).toMatchObject({
        state: 'failing',
        lastError: 'HTTP 302: a redirect, which is not followed',
      }),
    );
  });

  it('with Retry-After gets nothing until then', async () => {
    receiver.answer = () => ({ status: 429, headers: { 'retry-after': '3' } });
    await start();
    await create('a');
    await eventually(() => receiver.attempts.length > 0);
    receiver.answer = () => 204;
    await create('b');
    await becomesComplete('b', 1);
    await becomesComplete('a', 1);
    const [first, second] = receiver.attempts.map(({ at }) => at);
    expect(second! - first!).toBeGreaterThanOrEqual(2900);
  });

  it('slowly for one group gets the changes of the others meanwhile', async () => {
    receiver.answer = ({ groupID }) => ({ status: 204, delayMs: groupID === 'slow' ? 3000 : 0 });
    await start();
    await create('slow');
    for (let n = 2; n <= 5; n += 1) {
      await rename('slow', `name ${n}`);
    }
    await sleep(1000);
    const begin = Date.now();
    await create('fast');
    await becomesComplete('fast', 1);
    expect(Date.now() - begin).toBeLessThan(13_000);
    await becomesComplete('slow', 5);
    expect(receiver.received('slow')).toEqual([1, 2, 3, 4, 5]);
  });

  it('for 3 days with one change misses that one, and gets the later ones', async () => {
    receiver.answer = ({ groupID, revision }) => (groupID === 'g' && revision === 1 ? 400 : 204);
    await start();
    await create('g');
    await rename('g', 'second');
    await create('other');
    await becomesComplete('other', 1);
    await eventually(async () => expect((await endpoints())[0]!.heldGroups).toHaveLength(1));
    await service.database.query(
      "UPDATE webhook_held_groups SET since = now() - interval '73 hours', next_attempt_at = now()",
    );
    await service.database.query('UPDATE webhook_endpoints SET generation = generation + 1'); // the sender reads the rows
    await eventually(() => expect(receiver.received('g')).toEqual([2]), 40_000);
    await eventually(async () =>
      expect((await endpoints())[0]).toMatchObject({ skipped: 1, heldGroups: [] }),
    );
    expect(service.log).toContainEqual(
      expect.objectContaining({
        msg: 'A change was not received for 3 days by a webhook and is skipped',
        groupID: 'g',
        revision: 1,
        problem: 'HTTP 400',
      }),
    );
  });

  it('for 3 days with everything is stopped until a rewind', async () => {
    receiver.answer = () => 500;
    await start();
    await create('g');
    await eventually(async () => expect((await endpoints())[0]!.heldGroups).toHaveLength(1));
    await service.database.query(
      "UPDATE webhook_held_groups SET since = now() - interval '73 hours', next_attempt_at = now()",
    );
    await service.database.query('UPDATE webhook_endpoints SET generation = generation + 1');
    await eventually(async () =>
      expect((await endpoints())[0]).toMatchObject({
        state: 'stopped',
        stoppedReason: 'The receiver received nothing for 3 days',
      }),
    );
    receiver.answer = () => 204;
    const [{ id }] = (await endpoints()) as [WebhookEndpointDto];
    expect((await rewind('?moment=2026-01-01', id)).body).toMatchObject({
      stoppedReason: null,
      heldGroups: [],
    });
    await becomesComplete('g', 1);
  });
});

describe('An endpoint', () => {
  it('that answers 410 gets nothing more, until a rewind', async () => {
    await start();
    await create('first');
    await becomesComplete('first', 1);
    const { cursor, id } = (await endpoints())[0]!;
    receiver.answer = () => 410;
    await create('g');
    await eventually(async () => expect((await endpoints())[0]!.state).toBe('stopped'));
    const { length } = receiver.attempts;
    await create('h');
    await sleep(1500);
    expect(receiver.attempts).toHaveLength(length);
    receiver.answer = () => 204;
    const { nextCursor } = (await service.admin<{ nextCursor: string }>(`/changes?since=${cursor}`)).body;
    expect(nextCursor).toEqual(expect.any(String));
    expect((await rewind(`?since=${cursor}`, id)).status).toBe(200);
    await becomesComplete('g', 1);
    await becomesComplete('h', 1);
    expect(receiver.received('first')).toEqual([1]);
  });

  it('can be rewound to a moment, and to now', async () => {
    await start();
    await create('old');
    await becomesComplete('old', 1);
    await sleep(50);
    const moment = new Date().toISOString();
    await create('new');
    await becomesComplete('new', 1);
    const { id } = (await endpoints())[0]!;
    expect((await rewind(`?moment=${moment}`, id)).status).toBe(200);
    await eventually(() => expect(receiver.received('new')).toEqual([1, 1]));
    expect(receiver.received('old')).toEqual([1]);
    expect((await rewind('?since=now', id)).body).toMatchObject({ lagSeconds: 0 });
  });

  it('is refused a rewind that names no place, two places, no cursor, or another endpoint', async () => {
    await start();
    const { id, cursor } = (await endpoints())[0]!;
    expect((await rewind('', id)).status).toBe(400);
    expect((await rewind(`?since=${cursor}&moment=2026-01-01`, id)).status).toBe(400);
    expect((await rewind('?since=x', id)).status).toBe(400);
    expect((await rewind('?since=now', '0123456789ab')).status).toBe(404);
    expect((await rewind('?since=now', 'x')).status).toBe(400);
  });

  it('goes on where it was after a restart of the service', async () => {
    receiver.answer = ({ revision }) => (revision === 2 ? 500 : 204);
    await start();
    await create('g');
    await rename('g', 'second');
    await rename('g', 'third');
    await eventually(async () => expect((await endpoints())[0]!.heldGroups).toHaveLength(1));
    const { database } = service;
    const again = await Service.start(
      { CHANGES_WEBHOOK_URL: receiver.url, CHANGES_WEBHOOK_SECRET: SECRET },
      () => Promise.resolve(database.url),
    );
    await service.app.close();
    receiver.answer = () => 204;
    await becomesComplete('g', 3);
    expect(receiver.received('g')).toEqual([1, 2, 3]);
    await again.stop();
  });
});
