import { type AdminRoute, adminRoutes } from './helpers/admin-routes.js';
import { FIXTURES } from '../helpers/fixtures.js';
import { ADMIN_KEY, CALLBACK_TOKEN, KEY_TRICKS } from './helpers/key-tricks.js';
import { PostgresServer } from './helpers/postgres-server.js';
import { rawHttp } from './helpers/raw-http.js';
import { Rehearsal } from './helpers/rehearsal.js';
import { Replica } from './helpers/replica.js';

/** Expected statuses: 401 for a wrong key, 429 for many wrong keys, 404 for another path, 400 and 431 for invalid HTTP. */
const REFUSALS = new Set([400, 401, 404, 429, 431]);
/** Statuses that show that a route refuses the right key. */
const NOT_LET_IN = new Set([0, 400, 401, 403, 404, 429]);
const RIGHT = [`Authorization: Bearer ${ADMIN_KEY}`];
/** Number of wrong keys. More than the limit for one address in a minute. */
const MANY = 300;

let postgres: PostgresServer;
let replica: Replica;
let port: number;
let routes: AdminRoute[];

beforeAll(async () => {
  postgres = await PostgresServer.create();
  replica = await Replica.start(postgres.url, { ADMIN_API_KEY: ADMIN_KEY, CALLBACK_TOKEN });
  port = Number(new URL(replica.url).port);
  const created = FIXTURES.find(
    ({ command, name }) => command === 'callbackAfterCreateGroupCommand' && name === 'documented',
  )!;
  const answer = await fetch(`${replica.url}/callback/${created.command}`, {
    method: 'POST',
    body: created.text,
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${btoa(`openim:${CALLBACK_TOKEN}`)}`,
    },
  });
  expect(answer.status).toBe(200);
  const { body } = await rawHttp(
    port,
    { method: 'GET', target: '/admin/deliveries', headers: RIGHT },
    '127.0.0.1',
  );
  const { items } = JSON.parse(body) as { items: { id: string; groupID: string }[] };
  routes = await adminRoutes(replica.url, {
    id: items[0]!.id,
    groupID: items[0]!.groupID,
    userID: 'user123',
  });
});

afterAll(async () => {
  await replica?.remove();
  await postgres?.remove();
});

it('no trick replaces the admin key', async () => {
  const rehearsal = new Rehearsal('Admin API: keys');
  const faults = { bypasses: 0, 'other answers': 0, 'routes that refuse the right key': 0 };
  const statuses: Record<string, number> = {};
  for (const { method, path } of routes) {
    const { status } = await rawHttp(port, { method, target: path, headers: RIGHT }, '127.0.0.1');
    if (NOT_LET_IN.has(status)) {
      faults['routes that refuse the right key'] += 1;
      process.stdout.write(`${method} ${path} with the right key: ${status}\n`);
    }
  }
  for (const [number, [name, trick]] of Object.entries(KEY_TRICKS).entries()) {
    for (const route of routes) {
      const request = trick(route);
      // Each trick has its own address, so that the rate limit does not hide its result.
      const { status, body } = await rawHttp(port, request, `127.0.1.${number + 1}`);
      statuses[`answers ${status}`] = (statuses[`answers ${status}`] ?? 0) + 1;
      if (!REFUSALS.has(status)) {
        faults[status >= 200 && status < 300 ? 'bypasses' : 'other answers'] += 1;
        process.stdout.write(
          `${name}: ${request.method} ${request.target}: ${status} ${body.slice(0, 200)}\n`,
        );
      }
    }
  }
  const tricks = Object.keys(KEY_TRICKS).length;
  expect(
    await rehearsal.end(`${tricks} tricks with each of ${routes.length} routes`, faults, statuses),
  ).toEqual({});
  expect(routes.length).toBeGreaterThan(10);
});

it('the right key works after many wrong keys from the same address', async () => {
  const rehearsal = new Rehearsal('Admin API: many wrong keys');
  const from = '127.0.2.1';
  const ask = (key: string) =>
    rawHttp(
      port,
      { method: 'GET', target: '/admin/groups', headers: [`Authorization: Bearer ${key}`] },
      from,
    );
  const statuses: Record<string, number> = {};
  const faults = { 'other answers': 0, 'the right key refused': 0 };
  for (let number = 0; number < MANY; number += 1) {
    const { status } = await ask(`wrong-${number}`);
    statuses[`answers ${status}`] = (statuses[`answers ${status}`] ?? 0) + 1;
    faults['other answers'] += status === 401 || status === 429 ? 0 : 1;
  }
  faults['the right key refused'] = (await ask(ADMIN_KEY)).status === 200 ? 0 : 1;
  expect(await rehearsal.end(`${MANY} wrong keys from one address`, faults, statuses)).toEqual({});
});
