import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
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
import { isObject } from './openim-fields.js';
import { OpenImSession } from './openim-session.js';
import { OutageProbe } from './outage-probe.js';

/**
 * OpenIM's REST API, as far as a mirror of groups needs it: reads only. Each read throws OpenImRefusal where OpenIM refuses,
 * OpenImUnreachable where no answer arrives after some retries, and OpenImAnswerError where the answer has another shape.
 */
@Injectable()
export class OpenImClient {
  private readonly session: OpenImSession;
  private readonly outageProbe: OutageProbe;

  constructor(private readonly config: Config) {
    this.session = new OpenImSession(config);
    this.outageProbe = new OutageProbe(this.session);
  }

  /** Whether the settings name an OpenIM. */
  get isConfigured(): boolean {
    return this.config.OPENIM_API_URL !== undefined;
  }

  /** Number of requests sent so far, with retries. */
  get requests(): number {
    return this.session.requests;
  }

  /** The clock of OpenIM minus that of this machine, in ms, to a second; undefined before its first answer. */
  get clockAheadMs(): number | undefined {
    return this.session.clockAheadMs;
  }

  /** Runs work with urgent requests: a callback or a person waits for them. */
  urgently<T>(work: () => Promise<T>): Promise<T> {
    return this.session.withPriority(true, work);
  }

  /** Runs work with urgent requests or without, whatever the priority of the caller is. */
  withPriority<T>(isUrgent: boolean, work: () => Promise<T>): Promise<T> {
    return this.session.withPriority(isUrgent, work);
  }

  /** Ends the requests in progress and sends no more. */
  close(): void {
    this.session.close();
  }

  /**
   * Returns the reason of a failure that concerns only the request.
   * @throws the error itself in an outage of OpenIM, or where it is no error of OpenIM
   */
  reasonUnlessOutage(error: unknown): Promise<string> {
    return this.outageProbe.reasonUnlessOutage(error);
  }

  /**
   * Reads a page of the groups that are not dismissed, newest first (internal/rpc/group/group.go, GetGroups). A group that is
   * dismissed between two pages makes the later page skip one.
   * @param pageNumber from 1
   * @param retries number of retries where OpenIM fails
   */
  async listGroups(
    pageNumber: number,
    showNumber: number,
    retries?: number,
  ): Promise<{ total: number; groups: PerGroup<GroupInfo> }> {
    const body = { pagination: { pageNumber, showNumber }, groupName: '', groupID: '' };
    const data = await this.session.call('/group/get_groups', body, retries);
    return {
      total: data.count('total'),
      groups: toGroupInfos(data.list('groups').map((entry) => isObject(entry) && entry['groupInfo'])),
    };
  }

  /** Reads groups by their ids, dismissed ones too. Groups that OpenIM does not have are missing (GetGroupsInfo). */
  async getGroups(groupIDs: string[]): Promise<PerGroup<GroupInfo>> {
    const data = await this.session.call('/group/get_groups_info', { groupIDs });
    return toGroupInfos(data.list('groupInfos'));
  }

  /**
   * Reads the changes of each group since a version (internal/rpc/group/sync.go, BatchGetIncrementalGroupMember). Missing are
   * dismissed groups and those that OpenIM left out, since it ends an answer after 500 changed members.
   * @throws OpenImRefusal 1004 where one of the groups does not exist or has no owner; 1204 on older servers where one is dismissed
   */
  async getChanges(versions: GroupVersion[]): Promise<PerGroup<GroupChanges>> {
    const data = await this.session.call('/group/get_incremental_group_members_batch', {
      userID: this.config.OPENIM_ADMIN_USER_ID,
      reqList: versions.map(({ groupID, versionID, version }) => ({ groupID, versionID, version })),
    });
    return toGroupChanges(data.map('respList'));
  }

  /** Reads some members of a group. Users who are no members are missing (GetGroupMembersInfo). */
  async getMembers(groupID: string, userIDs: string[]): Promise<GroupMemberInfo[]> {
    const data = await this.session.call('/group/get_group_members_info', { groupID, userIDs });
    return toGroupMembers(data.list('members'));
  }

  /**
   * Reads a page of the members of a group, of a dismissed one too (GetGroupMemberList).
   * @param pageNumber from 1
   */
  async listMembers(
    groupID: string,
    pageNumber: number,
    showNumber: number,
  ): Promise<{ total: number; members: GroupMemberInfo[] }> {
    const data = await this.session.call('/group/get_group_member_list', {
      groupID,
      pagination: { pageNumber, showNumber },
      keyword: '',
      filter: 0,
    });
    return { total: data.count('total'), members: toGroupMembers(data.list('members')) };
  }
}
