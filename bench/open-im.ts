import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { answerWith } from './child.js';

/** Groups that OpenIM has, all at rest. */
export interface OpenImOrder {
  readonly groups: number;
  /** Number of members of each group. */
  readonly members: number;
}

/** An OpenIM server after an order: its url, and the number of requests since the last order. */
export interface OpenImState {
  readonly url: string;
  readonly requests: number;
}

/** The version of each group. */
export const VERSION_ID = 'v';
export const VERSION = 1;
/** Creation of the first group; each later group is a second younger. */
const FIRST_CREATED = Date.UTC(2024, 0, 1);
const USERS = 1 << 20;

export const groupID = (number: number): string => `g${String(number).padStart(9, '0')}`;
const numberOf = (id: string): number => Number(id.slice(1));

interface Body {
  readonly pagination?: { readonly pageNumber: number; readonly showNumber: number };
  readonly groupID?: string;
  readonly groupIDs?: readonly string[];
  readonly reqList?: readonly {
    readonly groupID: string;
    readonly versionID: string;
    readonly version: number;
  }[];
}

let order: OpenImOrder = { groups: 0, members: 0 };

const userIDOf = (group: number, member: number): string =>
  `u${String((group * order.members + member) % USERS).padStart(9, '0')}`;

/** OpenIM's GroupInfo (protocol/sdkws). */
const infoOf = (group: number) => ({
  groupID: groupID(group),
  groupName: `Weekly sync ${group}`,
  notification: '',
  introduction: 'Every Monday at 10:00',
  faceURL: '',
  ownerUserID: userIDOf(group, 0),
  createTime: FIRST_CREATED + group * 1000,
  memberCount: order.members,
  ex: '',
  status: 0,
  creatorUserID: userIDOf(group, 0),
  groupType: 2,
  needVerification: 0,
  lookMemberInfo: 0,
  applyMemberFriend: 0,
  notificationUpdateTime: 0,
  notificationUserID: '',
});

/** OpenIM's GroupMemberFullInfo (protocol/sdkws). */
const memberOf = (group: number, member: number) => ({
  groupID: groupID(group),
  userID: userIDOf(group, member),
  roleLevel: member === 0 ? 100 : 20,
  joinTime: FIRST_CREATED + group * 1000,
  nickname: `User ${member}`,
  faceURL: '',
  appMangerLevel: 0,
  joinSource: 2,
  operatorUserID: '',
  ex: '',
  muteEndTime: 0,
  inviterUserID: userIDOf(group, 0),
});

/** The numbers of a page, where `of` counts from 0. */
function page({ pageNumber, showNumber }: NonNullable<Body['pagination']>, total: number): number[] {
  const first = (pageNumber - 1) * showNumber;
  return Array.from(
    { length: Math.max(Math.min(showNumber, total - first), 0) },
    (_, index) => first + index,
  );
}

/** The answers by path, as those of OpenIM 3.8 are. */
const ANSWERS: Readonly<Record<string, (body: Body) => object>> = {
  '/auth/get_admin_token': () => ({ token: 'token', expireTimeSeconds: 7_776_000 }),
  '/group/get_groups': ({ pagination }) => ({
    total: order.groups,
    groups: page(pagination!, order.groups).map((index) => ({
      groupInfo: infoOf(order.groups - 1 - index), // the newest first
      groupOwnerUserName: '',
      groupOwnerUserID: userIDOf(order.groups - 1 - index, 0),
    })),
  }),
  '/group/get_groups_info': ({ groupIDs }) => ({ groupInfos: groupIDs!.map((id) => infoOf(numberOf(id))) }),
  '/group/get_incremental_group_members_batch': ({ reqList }) => ({
    respList: Object.fromEntries(
      reqList!.map(({ groupID: id, versionID, version }) => {
        const full = versionID !== VERSION_ID || version !== VERSION;
        const changes = {
          full,
          insert: null,
          update: null,
          delete: null,
          group: full ? infoOf(numberOf(id)) : null,
        };
        return [id, { versionID: VERSION_ID, version: VERSION, sortVersion: 0, ...changes }];
      }),
    ),
  }),
  '/group/get_group_member_list': ({ groupID: id, pagination }) => ({
    total: order.members,
    members: page(pagination!, order.members).map((member) => memberOf(numberOf(id!), member)),
  }),
};

const server = createServer();
let requests = 0;
server.on('request', (request, response) => {
  answer(request, response).catch(() => response.destroy());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requests += 1;
  const data = ANSWERS[request.url!]?.((await json(request)) as Body);
  const envelope = data
    ? { errCode: 0, errMsg: '', errDlt: '', data }
    : { errCode: 404, errMsg: request.url };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(envelope));
}

/** Takes the groups of an order, or those of before. */
async function state(next: Partial<OpenImOrder>): Promise<OpenImState> {
  if (!server.listening) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const answered = requests;
  requests = 0;
  order = { ...order, ...next };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: answered };
}

answerWith(state);
