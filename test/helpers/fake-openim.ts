import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Member, OpenImGroup } from './open-im.js';

type Json = Record<string, unknown>;

/** Kinds of bad answers: a gateway's error page, no body, a reset connection, no answer, a refusal, another JSON shape. */
export type BadAnswer = '502' | '504' | 'empty 500' | 'reset' | 'hang' | 'rejected' | 'not found' | 'shape';
export const BAD_ANSWERS: readonly BadAnswer[] = [
  '502',
  '504',
  'empty 500',
  'reset',
  'hang',
  'rejected',
  'not found',
  'shape',
];

/** Faults of the answers. Each of them occurs in OpenIM or in a proxy before it. */
export interface Faults {
  /** Pages of groups omit one group, as after a dismissal between two pages. */
  groupPagesSkip?: boolean;
  /** Pages of members omit one member. */
  memberPagesSkip?: boolean;
  /** Lists of members end early, with the right total. */
  listsEndEarly?: boolean;
  /** Lists of members omit one member, and their total does not count it. */
  listsAreShort?: boolean;
  /** Lists of members are empty, and their total is 0. */
  listsAreEmpty?: boolean;
  /** The batch reports no changes of any group: each needs a full snapshot. */
  alwaysFull?: boolean;
  /** The batch omits every second group. */
  missingKeys?: boolean;
  /** A dismissed group makes the batch fail, as on older servers. */
  dismissedFailsBatch?: boolean;
  /** Only the newest token is accepted. */
  evictTokens?: boolean;
  /** Each answer is a proxy's error page. */
  html502?: boolean;
  /** Each answer is an internal error of OpenIM. */
  internalErrors?: boolean;
  /** Delay of each answer, in ms. */
  slowMs?: number;
  /** Each answer breaks off in the middle. */
  brokenOff?: boolean;
  /** Groups whose member lists OpenIM refuses. */
  refusesMembersOf?: Set<string>;
  /** Bad answers to requests for member lists, by groupID. */
  badListsOf?: Map<string, BadAnswer>;
  /** Numbers are JSON strings, as some gateways write int64. */
  numbersAsTexts?: boolean;
  /** Name of the field that all answers omit. */
  withoutField?: string;
  /** Group that makes each page of groups fail that contains it. */
  badInList?: string;
  /** Number of members from which a page is too large for OpenIM. */
  pageLimit?: number;
  /** Changed members are reported twice. */
  reportsTwice?: boolean;
  /** Number of next answers that are a proxy's error page. */
  failures?: number;
  /** Each answer is a redirect. */
  redirect?: boolean;
  /** How much the clock of this server is ahead, in ms. */
  clockAheadMs?: number;
  /** Groups that no answer shows, as if OpenIM did not have them. */
  lost?: Set<string>;
}

/** Fake OpenIM server: holds groups, and answers the requests of the service with the oddities of the real server. */
export class FakeOpenIm {
  readonly groups = new Map<string, OpenImGroup>();
  faults: Faults = {};
  /** The paths of the requests so far. */
  readonly requests: string[] = [];
  /** The operationIDs of the requests so far. */
  readonly operationIDs: string[] = [];
  private readonly cache = new Map<string, OpenImGroup>();
  private readonly tokens: string[] = [];

  private constructor(private readonly server: Server) {}

  /** @param port 0 for a free port */
  static async start(port = 0): Promise<FakeOpenIm> {
    const server = createServer();
    const fake = new FakeOpenIm(server);
    server.on('request', (request, response) => {
      fake.serve(request, response).catch(() => response.destroy());
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Settings of a service that reconciles with this server. */
  get settings(): Record<string, string> {
    return { OPENIM_API_URL: this.url, OPENIM_SECRET: 'openIM123', OPENIM_MAX_RPS: '5000' };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  add(...groups: OpenImGroup[]): void {
    groups.forEach((group) => this.groups.set(group.groupID, group));
  }

  /** Makes answers show the current state of the groups until `thaw`, although the groups change. */
  freeze(): void {
    for (const [groupID, group] of this.groups) {
      const copy = Object.create(Object.getPrototypeOf(group) as object) as OpenImGroup;
      this.cache.set(
        groupID,
        Object.assign(copy, structuredClone(Object.fromEntries(Object.entries(group)))),
      );
    }
  }

  thaw(): void {
    this.cache.clear();
  }

  private seen(groupID: string): OpenImGroup | undefined {
    return this.faults.lost?.has(groupID) ? undefined : (this.cache.get(groupID) ?? this.groups.get(groupID));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.writeHead(404, dated(this.faults)).end('404 page not found');
      return;
    }
    const body = (await json(request)) as Json;
    const path = request.url!;
    this.requests.push(path);
    const { html502, slowMs = 0, brokenOff } = this.faults;
    await sleep(slowMs);
    if (this.faults.redirect) {
      response.writeHead(307, { location: `${this.url}/elsewhere` }).end();
      return;
    }
    if (html502 || (this.faults.failures ?? 0) > 0) {
      this.faults.failures = (this.faults.failures ?? 1) - 1;
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>502 Bad Gateway</html>');
      return;
    }
    if (path !== '/auth/get_admin_token' && !this.calls[path]) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
      return;
    }
    const bad =
      path === '/group/get_group_member_list'
        ? this.faults.badListsOf?.get(String(body['groupID']))
        : undefined;
    if (bad !== undefined && answerBadly(bad, response)) {
      return;
    }
    const answer = JSON.stringify(await this.answer(path, body, request.headers), (key, value: unknown) =>
      this.faults.numbersAsTexts && typeof value === 'number' && key !== 'errCode'
        ? String(value)
        : key === this.faults.withoutField
          ? undefined
          : value,
    );
    response.writeHead(200, {
      ...dated(this.faults),
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(answer),
    });
    if (brokenOff && path !== '/auth/get_admin_token') {
      response.write(answer.slice(0, answer.length / 2));
      await sleep(5);
      response.destroy();
      return;
    }
    response.end(answer);
  }

  private answer(path: string, body: Json, headers: IncomingMessage['headers']): object | Promise<object> {
    if (!headers['operationid']) {
      return refusal(1001, 'header must have operationID');
    }
    this.operationIDs.push(String(headers['operationid']));
    if (path === '/auth/get_admin_token') {
      if (body['secret'] !== 'openIM123') {
        return refusal(1002, 'secret error');
      }
      if (body['userID'] !== 'imAdmin') {
        return refusal(1001, 'userID is not an admin');
      }
      this.tokens.push(`token-${this.tokens.length + 1}`);
      return { errCode: 0, data: { token: this.tokens.at(-1), expireTimeSeconds: 7_776_000 } };
    }
    const token = String(headers['token']);
    if (!this.tokens.includes(token) || (this.faults.evictTokens && token !== this.tokens.at(-1))) {
      return refusal(1507, 'TokenNotExistError');
    }
    if (this.faults.internalErrors) {
      return refusal(500, 'ServerInternalError');
    }
    return this.calls[path]!(body);
  }

  /** The calls by their paths. A test may add some. */
  readonly calls: Record<string, (body: Json) => object | Promise<object>> = {
    '/group/get_groups': ({ pagination }) => {
      const active = Array.from(this.groups.keys(), (groupID) => this.seen(groupID))
        .filter((group) => group !== undefined && group.status !== 2)
        .toSorted((one, other) => other!.createTime - one!.createTime);
      if (page(active, pagination as Pagination).some((group) => group!.groupID === this.faults.badInList)) {
        return refusal(500, 'ServerInternalError', 'owner of a group is gone');
      }
      const shown = page(active, pagination as Pagination).map((group) => ({
        groupInfo: infoOf(group!),
        groupOwnerUserName: '',
        groupOwnerUserID: group!.shownOwner,
      }));
      return data({ total: active.length, groups: this.faults.groupPagesSkip ? shown.slice(1) : shown });
    },
    '/group/get_groups_info': ({ groupIDs }) =>
      data({
        groupInfos: (groupIDs as string[])
          .map((groupID) => this.seen(groupID))
          .filter((group) => group !== undefined)
          .map(infoOf),
      }),
    '/group/get_group_members_info': ({ groupID, userIDs }) => {
      const group = this.seen(groupID as string);
      const known = (userIDs as string[]).filter((userID) => group?.members.has(userID));
      return data({ members: known.map((userID) => memberOf(group!, userID, group!.members.get(userID)!)) });
    },
    '/group/get_incremental_group_members_batch': ({ reqList }) =>
      this.batch(reqList as { groupID: string; versionID: string; version: number }[]),
    '/group/get_group_member_list': ({ groupID, pagination }) => {
      const group = this.seen(groupID as string);
      const { refusesMembersOf, pageLimit = Infinity } = this.faults;
      if (refusesMembersOf?.has(groupID as string)) {
        return refusal(1101, 'UserIDNotFoundError');
      }
      switch (this.faults.badListsOf?.get(groupID as string)) {
        case 'rejected':
          return refusal(1101, 'UserIDNotFoundError');
        case 'not found':
          return refusal(1004, 'RecordNotFoundError');
        case 'shape':
          return data({ total: 'many', members: null });
      }
      if ((pagination as Pagination).showNumber >= pageLimit) {
        return refusal(500, 'ServerInternalError', 'grpc: received message larger than max');
      }
      const { listsAreEmpty, listsAreShort, listsEndEarly, memberPagesSkip } = this.faults;
      const all = [...(group?.members ?? [])];
      const listed = listsAreEmpty ? [] : listsAreShort ? all.slice(0, -1) : all;
      let shown = page(listed, pagination as Pagination);
      shown = memberPagesSkip ? shown.slice(1) : shown;
      shown = listsEndEarly ? shown.slice(0, shown.length / 2) : shown;
      return data({
        total: listed.length,
        members: shown.map(([userID, member]) => memberOf(group!, userID, member)),
      });
    },
  };

  private batch(reqList: { groupID: string; versionID: string; version: number }[]): object {
    const respList: Record<string, Json> = {};
    let shown = 0;
    for (const [index, { groupID, versionID, version }] of reqList.entries()) {
      const group = this.seen(groupID);
      if (!group) {
        return refusal(1004, 'RecordNotFoundError', 'mongo: no documents in result');
      }
      if (group.status === 2) {
        if (this.faults.dismissedFailsBatch) {
          return refusal(1204, 'DismissedAlreadyError');
        }
        continue;
      }
      if ((this.faults.missingKeys && index % 2 === 1) || shown >= 500) {
        continue;
      }
      const changes = this.faults.alwaysFull
        ? { ...changesOf(group, '', 0), insert: null, update: null, delete: null }
        : changesOf(group, versionID, version);
      if (changes.group && ![...group.members.values()].some(({ roleLevel }) => roleLevel === 100)) {
        return refusal(1004, 'RecordNotFoundError', 'group has no owner');
      }
      if (this.faults.reportsTwice) {
        changes.insert = changes.update as null;
      }
      shown += [changes.insert, changes.update].flatMap((list) => list ?? []).length;
      respList[groupID] = changes;
    }
    return data(Object.keys(respList).length > 0 ? { respList } : {});
  }
}

const dated = ({ clockAheadMs = 0 }: Faults): Record<string, string> => ({
  date: new Date(Date.now() + clockAheadMs).toUTCString(),
});

/** @returns true if this function answered or hung the request; `calls` makes refusals and other shapes */
function answerBadly(bad: BadAnswer, response: ServerResponse): boolean {
  if (bad === '502' || bad === '504') {
    response.writeHead(Number(bad), { 'content-type': 'text/html' }).end(`<html>${bad}</html>`);
  } else if (bad === 'empty 500') {
    response.writeHead(500).end();
  } else if (bad === 'reset') {
    response.destroy();
  }
  return bad === '502' || bad === '504' || bad === 'empty 500' || bad === 'reset' || bad === 'hang';
}

interface Pagination {
  pageNumber: number;
  showNumber: number;
}

const page = <T>(all: T[], { pageNumber, showNumber }: Pagination): T[] =>
  all.slice((pageNumber - 1) * showNumber, pageNumber * showNumber);

/** Makes a successful answer. Empty lists are null. */
const data = (fields: Json): object => ({
  errCode: 0,
  errMsg: '',
  errDlt: '',
  data: Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      Array.isArray(value) && value.length === 0 ? null : value,
    ]),
  ),
});

const refusal = (errCode: number, errMsg: string, errDlt = ''): object => ({ errCode, errMsg, errDlt });

function changesOf(group: OpenImGroup, versionID: string, version: number) {
  const now = { versionID: group.versionID, version: group.version, sortVersion: 0 };
  const since = group.changes.filter((change) => change.version > version);
  const full =
    versionID !== group.versionID || version === 0 || version > group.version || since.length > 200;
  if (full) {
    return { ...now, full, insert: null, update: null, delete: null, group: infoOf(group) };
  }
  const users = [...new Set(since.flatMap(({ userID }) => (userID === null ? [] : [userID])))];
  const present = users.filter((userID) => group.members.has(userID));
  const left = users.filter((userID) => !group.members.has(userID));
  return {
    ...now,
    full,
    insert: null,
    update:
      present.length > 0
        ? present.map((userID) => memberOf(group, userID, group.members.get(userID)!))
        : null,
    delete: left.length > 0 ? left : null,
    group: since.length > 0 ? infoOf(group) : null,
  };
}

function infoOf(group: OpenImGroup): Json {
  return {
    groupID: group.groupID,
    groupName: group.groupName,
    notification: '',
    introduction: group.introduction,
    faceURL: '',
    ownerUserID: group.shownOwner,
    createTime: group.createTime,
    memberCount: group.members.size,
    ex: '',
    status: group.status,
    creatorUserID: 'u0',
    groupType: 2,
    needVerification: 0,
    lookMemberInfo: 0,
    applyMemberFriend: 0,
    notificationUpdateTime: 0,
    notificationUserID: '',
  };
}

/** Returns the nickname in the group, or the name of the user (internal/rpc/group/notification.go, PopulateGroupMember). */
export const displayedName = (userID: string, { nickname }: Member): string => nickname || `user ${userID}`;

function memberOf(group: OpenImGroup, userID: string, member: Member): Json {
  return {
    groupID: group.groupID,
    userID,
    roleLevel: member.roleLevel,
    joinTime: group.createTime,
    nickname: displayedName(userID, member),
    faceURL: '',
    appMangerLevel: 0,
    joinSource: member.joinSource ?? 0,
    operatorUserID: '',
    ex: '',
    muteEndTime: member.muteEndTime ?? 0,
    inviterUserID: '',
  };
}
