import { randomUUID } from 'node:crypto';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { Config } from '../config.js';
import {
  type GroupChanges,
  type GroupInfo,
  type GroupMemberInfo,
  type GroupVersion,
  objects,
  text,
  toGroupChanges,
  toGroupInfos,
  toGroupMembers,
  whole,
} from './openim-answers.js';
import { ErrCode, OpenImRefusal, OpenImUnreachable } from './openim-error.js';
import { AdminToken, type IssuedToken } from './openim-token.js';

/** How long one answer may take, in ms: a page of 1,000 members takes OpenIM some hundred. */
const TIMEOUT_MS = 15_000;
/** How many requests are under way at once: OpenIM serves people meanwhile. */
const AT_ONCE = 8;
const URGENT = 1;
const RETRIES = { retries: 3, minTimeout: 200, factor: 3, randomize: true };

type Json = Record<string, unknown>;

interface Envelope {
  errCode: number;
  errMsg: string;
  errDlt: string;
  data?: Json | null;
}

/**
 * OpenIM's REST API, as far as a mirror of groups needs it: reads only. Every method throws OpenImRefusal where OpenIM refuses, and
 * OpenImUnreachable where it could not be asked, after some tries. At most `OPENIM_MAX_RPS` requests leave in a second.
 */
@Injectable()
export class OpenImClient {
  private readonly queue: PQueue;
  private readonly adminToken = new AdminToken(() => this.issueToken());
  private readonly ending = new AbortController();
  private readonly urgency = new AsyncLocalStorage<number>();

  /** Requests made so far, tries included. */
  requests = 0;

  constructor(private readonly config: Config) {
    setMaxListeners(0, this.ending.signal); // one for each request that waits
    this.queue = new PQueue({
      concurrency: AT_ONCE,
      interval: 1000,
      intervalCap: config.OPENIM_MAX_RPS,
      strict: true,
    });
  }

  /**
   * Does something whose requests go before those of others: somebody waits for it, or a callback asked for it.
   * @returns what it does
   */
  urgently<T>(something: () => Promise<T>): Promise<T> {
    return this.urgency.run(URGENT, something);
  }

  /** Whether the settings say where OpenIM is. */
  get isConfigured(): boolean {
    return this.config.OPENIM_API_URL !== undefined;
  }

  /** Nothing is asked any more. */
  close(): void {
    this.ending.abort(new OpenImUnreachable('OpenIM is asked no more: the service stops'));
    this.queue.clear();
  }

  /**
   * A page of the groups that are not dismissed, newest first (internal/rpc/group/group.go, GetGroups). A group that is
   * dismissed meanwhile makes a later page skip one.
   * @param pageNumber from 1
   */
  async listGroups(pageNumber: number, showNumber: number): Promise<{ total: number; groups: GroupInfo[] }> {
    const data = await this.call('/group/get_groups', {
      pagination: { pageNumber, showNumber },
      groupName: '',
      groupID: '',
    });
    return {
      total: whole(data['total']),
      groups: toGroupInfos(objects(data['groups']).map((entry) => entry['groupInfo'])),
    };
  }

  /** Groups by their ids, dismissed ones too; those that OpenIM does not have are missing (GetGroupsInfo). */
  async getGroups(groupIDs: string[]): Promise<Map<string, GroupInfo>> {
    const data = await this.call('/group/get_groups_info', { groupIDs });
    return new Map(toGroupInfos(data['groupInfos']).map((info) => [info.groupID, info]));
  }

  /**
   * What changed of each group since a version (internal/rpc/group/sync.go, BatchGetIncrementalGroupMember). Groups that it did
   * not get to (it ends after 500 members that changed) and dismissed ones are missing.
   * @throws OpenImRefusal 1004 where one of them is not there, or has no owner; 1204 on older servers where one is dismissed
   */
  async getChanges(versions: GroupVersion[]): Promise<Map<string, GroupChanges>> {
    const data = await this.call('/group/get_incremental_group_members_batch', {
      userID: this.config.OPENIM_ADMIN_USER_ID,
      reqList: versions.map(({ groupID, versionID, version }) => ({ groupID, versionID, version })),
    });
    return toGroupChanges(data['respList']);
  }

  /**
   * A page of a group's members, of dismissed groups too (GetGroupMemberList).
   * @param pageNumber from 1
   */
  async listMembers(
    groupID: string,
    pageNumber: number,
    showNumber: number,
  ): Promise<{ total: number; members: GroupMemberInfo[] }> {
    const data = await this.call('/group/get_group_member_list', {
      groupID,
      pagination: { pageNumber, showNumber },
      keyword: '',
      filter: 0,
    });
    return { total: whole(data['total']), members: toGroupMembers(data['members']) };
  }

  private async issueToken(): Promise<IssuedToken> {
    const path = '/auth/get_admin_token';
    const data = await this.retried(path, {
      secret: this.config.OPENIM_SECRET,
      userID: this.config.OPENIM_ADMIN_USER_ID,
    });
    const token = text(data['token']);
    if (token === '') {
      throw new OpenImUnreachable(`The answer of OpenIM to ${path} has no token`);
    }
    return { token, expireTimeSeconds: whole(data['expireTimeSeconds']) };
  }

  /** Asks with the token, and once more with a new one where OpenIM takes it no more. */
  private async call(path: string, body: Json): Promise<Json> {
    const token = await this.adminToken.get();
    try {
      return await this.retried(path, body, token);
    } catch (error) {
      if (!(error instanceof OpenImRefusal && error.isOfToken)) {
        throw error;
      }
      this.adminToken.reject(token);
      return this.retried(path, body, await this.adminToken.get());
    }
  }

  private retried(path: string, body: Json, token?: string): Promise<Json> {
    const options = { signal: this.ending.signal, priority: this.urgency.getStore() ?? 0 };
    return pRetry(() => this.queue.add(() => this.post(path, body, token), options), {
      ...RETRIES,
      signal: this.ending.signal,
      shouldRetry: ({ error }) =>
        error instanceof OpenImUnreachable ||
        (error instanceof OpenImRefusal && error.errCode === ErrCode.Internal),
    });
  }

  private async post(path: string, body: Json, token?: string): Promise<Json> {
    this.requests += 1;
    const envelope = await this.exchange(path, body, token).catch((error: Error) => {
      throw error instanceof OpenImUnreachable
        ? error
        : new OpenImUnreachable(unanswered(path, reasonOf(error)), { cause: error });
    });
    if (envelope.errCode !== 0) {
      throw new OpenImRefusal(path, envelope.errCode, text(envelope.errMsg), text(envelope.errDlt));
    }
    return envelope.data ?? {};
  }

  /** One request and its answer. OpenIM answers 200 also where it refuses (tools/apiresp, ginJson). */
  private async exchange(path: string, body: Json, token?: string): Promise<Envelope> {
    const response = await fetch(this.config.OPENIM_API_URL!.replace(/\/+$/, '') + path, {
      method: 'POST',
      redirect: 'error',
      headers: { 'content-type': 'application/json', operationID: randomUUID(), ...(token && { token }) },
      body: JSON.stringify(body),
      signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), this.ending.signal]),
    });
    const answer = await response.text();
    const envelope = parse(answer);
    if (!envelope) {
      throw new OpenImUnreachable(unanswered(path, `HTTP ${response.status} without OpenIM's JSON`));
    }
    return envelope;
  }
}

const unanswered = (path: string, why: string): string => `OpenIM could not be asked ${path}: ${why}`;

function parse(answer: string): Envelope | undefined {
  try {
    const envelope = JSON.parse(answer) as Partial<Envelope> | null;
    return typeof envelope?.errCode === 'number' && typeof (envelope.data ?? {}) === 'object'
      ? (envelope as Envelope)
      : undefined;
  } catch {
    return undefined;
  }
}

/** fetch says "fetch failed", and why in the cause. */
function reasonOf(error: Error): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return error.name === 'TimeoutError'
    ? `no answer within ${TIMEOUT_MS} ms`
    : (code ?? message ?? error.message);
}
