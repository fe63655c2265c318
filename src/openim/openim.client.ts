import { randomUUID } from 'node:crypto';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';
import PQueue from 'p-queue';
import pRetry from 'p-retry';
import { Config } from '../config/config.js';
import { storableText } from '../postgres/storable-text.js';
import {
  type GroupChanges,
  type GroupInfo,
  type GroupMemberInfo,
  type GroupVersion,
  type PerGroup,
  toGroupChanges,
  toGroupInfos,
  toGroupMembers,
} from './openim-answers.js';
import { ErrCode, isOfOpenIm, OpenImRefusal, OpenImUnreachable } from './openim-error.js';
import { AnswerFields, isObject, type Json } from './openim-fields.js';
import { AdminToken, type IssuedToken } from './openim-token.js';

/** How long one answer may take, in ms: a page of 1,000 members takes OpenIM some hundred. */
const TIMEOUT_MS = 15_000;
/** How many requests are under way at once: more than lists of members are (reconciliation/lanes.ts), so that no list delays a short one. */
const AT_ONCE = 24;
const URGENT = 1;
const RETRIES = { retries: 3, minTimeout: 200, factor: 3, randomize: true };
/** How long an answer to the two calls that prove an outage may take, in ms, and for how long one proof counts. */
const PROBE_TIMEOUT_MS = 5000;
const PROBE_AGE_MS = 1000;

interface Envelope {
  errCode: number;
  errMsg: unknown;
  errDlt: unknown;
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

  private probe?: { readonly at: number; readonly isAway: Promise<boolean> };

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
    return this.withPriority(true, something);
  }

  /** Does something with urgent requests, or with others whoever started it. */
  withPriority<T>(isUrgent: boolean, something: () => Promise<T>): Promise<T> {
    return this.urgency.run(isUrgent ? URGENT : 0, something);
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
   * @param retries how often OpenIM is asked again where it fails
   */
  async listGroups(
    pageNumber: number,
    showNumber: number,
    retries = RETRIES.retries,
  ): Promise<{ total: number; groups: PerGroup<GroupInfo> }> {
    const body = { pagination: { pageNumber, showNumber }, groupName: '', groupID: '' };
    const data = await this.call('/group/get_groups', body, retries);
    return {
      total: data.count('total'),
      groups: toGroupInfos(data.list('groups').map((entry) => isObject(entry) && entry['groupInfo'])),
    };
  }

  /** Groups by their ids, dismissed ones too; those that OpenIM does not have are missing (GetGroupsInfo). */
  async getGroups(groupIDs: string[]): Promise<PerGroup<GroupInfo>> {
    const data = await this.call('/group/get_groups_info', { groupIDs });
    return toGroupInfos(data.list('groupInfos'));
  }

  /**
   * What changed of each group since a version (internal/rpc/group/sync.go, BatchGetIncrementalGroupMember). Groups that it did
   * not get to (it ends after 500 members that changed) and dismissed ones are missing.
   * @throws OpenImRefusal 1004 where one of them is not there, or has no owner; 1204 on older servers where one is dismissed
   */
  async getChanges(versions: GroupVersion[]): Promise<PerGroup<GroupChanges>> {
    const data = await this.call('/group/get_incremental_group_members_batch', {
      userID: this.config.OPENIM_ADMIN_USER_ID,
      reqList: versions.map(({ groupID, versionID, version }) => ({ groupID, versionID, version })),
    });
    return toGroupChanges(data.map('respList'));
  }

  /** Some members of a group; those who are not in it are missing (GetGroupMembersInfo). */
  async getMembers(groupID: string, userIDs: string[]): Promise<GroupMemberInfo[]> {
    const data = await this.call('/group/get_group_members_info', { groupID, userIDs });
    return toGroupMembers(data.list('members'));
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
    return { total: data.count('total'), members: toGroupMembers(data.list('members')) };
  }

  /**
   * Decides what a failure is about. One group's list may fail for ever while OpenIM serves all others; so OpenIM counts as away
   * only where two cheap calls fail too.
   * @returns why OpenIM fails for what was asked, though it answers others
   * @throws the error itself where OpenIM as a whole cannot be asked (it is away, or takes the token no more), and one that is not of OpenIM
   */
  async reasonUnlessAway(error: unknown): Promise<string> {
    if (!isOfOpenIm(error)) {
      throw error;
    }
    this.ending.signal.throwIfAborted();
    const now = performance.now();
    if (!this.probe || now - this.probe.at > PROBE_AGE_MS) {
      this.probe = { at: now, isAway: this.isAway() };
    }
    if (await this.probe.isAway) {
      throw error;
    }
    return error.message;
  }

  private async isAway(): Promise<boolean> {
    const probes = [
      ['/group/get_groups', { pagination: { pageNumber: 1, showNumber: 1 }, groupName: '', groupID: '' }],
      ['/group/get_groups_info', { groupIDs: ['openim-group-sync-probe'] }],
    ] as const;
    const answered = await Promise.all(
      probes.map(([path, body]) =>
        this.urgently(() => this.withToken((token) => this.queued(path, body, token, PROBE_TIMEOUT_MS))).then(
          () => true,
          // A refusal of what is asked is an answer.
          (error: unknown) =>
            error instanceof OpenImRefusal && !error.isOfAsker && error.errCode !== ErrCode.Internal,
        ),
      ),
    );
    return !answered.includes(true);
  }

  private async issueToken(): Promise<IssuedToken> {
    const path = '/auth/get_admin_token';
    const data = await this.retried(path, {
      secret: this.config.OPENIM_SECRET,
      userID: this.config.OPENIM_ADMIN_USER_ID,
    });
    return { token: data.id('token'), expireTimeSeconds: data.count('expireTimeSeconds') };
  }

  private call(path: string, body: Json, retries = RETRIES.retries): Promise<AnswerFields> {
    return this.withToken((token) => this.retried(path, body, token, retries));
  }

  /** Asks with the token, and once more with a new one where OpenIM takes it no more. */
  private async withToken<T>(ask: (token: string) => Promise<T>): Promise<T> {
    const token = await this.adminToken.get();
    try {
      return await ask(token);
    } catch (error) {
      if (!(error instanceof OpenImRefusal && error.isOfToken)) {
        throw error;
      }
      this.adminToken.reject(token);
      return ask(await this.adminToken.get());
    }
  }

  private retried(
    path: string,
    body: Json,
    token?: string,
    retries = RETRIES.retries,
  ): Promise<AnswerFields> {
    return pRetry(() => this.queued(path, body, token), {
      ...RETRIES,
      retries,
      signal: this.ending.signal,
      shouldRetry: ({ error }) =>
        (error instanceof OpenImUnreachable && !error.isTimeout) ||
        (error instanceof OpenImRefusal && error.errCode === ErrCode.Internal),
    });
  }

  private queued(path: string, body: Json, token?: string, timeoutMs = TIMEOUT_MS): Promise<AnswerFields> {
    const options = { signal: this.ending.signal, priority: this.urgency.getStore() ?? 0 };
    return this.queue.add(() => this.post(path, body, token, timeoutMs), options);
  }

  private async post(
    path: string,
    body: Json,
    token: string | undefined,
    timeoutMs: number,
  ): Promise<AnswerFields> {
    this.requests += 1;
    const envelope = await this.exchange(path, body, token, timeoutMs).catch((error: Error) => {
      throw error instanceof OpenImUnreachable
        ? error
        : new OpenImUnreachable(
            unanswered(path, reasonOf(error, timeoutMs)),
            { cause: error },
            error.name === 'TimeoutError',
          );
    });
    if (envelope.errCode !== 0) {
      throw new OpenImRefusal(path, envelope.errCode, asText(envelope.errMsg), asText(envelope.errDlt));
    }
    return new AnswerFields(envelope.data ?? {}, path);
  }

  /** One request and its answer. OpenIM answers 200 also where it refuses (tools/apiresp, ginJson). */
  private async exchange(
    path: string,
    body: Json,
    token: string | undefined,
    timeoutMs: number,
  ): Promise<Envelope> {
    const answered = new AbortController();
    const abort = (): void => answered.abort(this.ending.signal.reason);
    // Not AbortSignal.any with AbortSignal.timeout: Node 20 may collect them before they fire (nodejs/node issue 54614).
    const timer = setTimeout(() => answered.abort(new DOMException('late', 'TimeoutError')), timeoutMs);
    this.ending.signal.addEventListener('abort', abort);
    try {
      const response = await fetch(this.config.OPENIM_API_URL!.replace(/\/+$/, '') + path, {
        method: 'POST',
        redirect: 'error',
        headers: { 'content-type': 'application/json', operationID: randomUUID(), ...(token && { token }) },
        body: JSON.stringify(body),
        signal: answered.signal,
      });
      const answer = await response.text();
      const envelope = parse(answer);
      if (!envelope) {
        throw new OpenImUnreachable(unanswered(path, `HTTP ${response.status} without OpenIM's JSON`));
      }
      return envelope;
    } finally {
      clearTimeout(timer);
      this.ending.signal.removeEventListener('abort', abort);
    }
  }
}

const asText = (value: unknown): string => (typeof value === 'string' ? storableText(value) : '');

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
function reasonOf(error: Error, timeoutMs: number): string {
  const { code, message } = (error.cause ?? {}) as { code?: string; message?: string };
  return error.name === 'TimeoutError'
    ? `no answer within ${timeoutMs} ms`
    : (code ?? message ?? error.message);
}
