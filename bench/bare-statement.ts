import type { QueryConfig } from 'pg';
import { Delivery } from '../src/deliveries/delivery-log.js';
import { CREATE_NEW_GROUP } from '../src/groups/statements/create-new-group.js';
import { LEAVE_AS_MEMBER } from '../src/groups/statements/leave-as-member.js';
import { SET_KNOWN_GROUP_INFO } from '../src/groups/statements/set-known-group-info.js';
import { COMMANDS, type Kind } from './bodies.js';

/** Fields of the bodies that `bodyOf` makes. Each kind has some of them. */
interface Body {
  readonly callbackCommand: string;
  readonly groupID: string;
  readonly groupName: string;
  readonly createTime: number;
  readonly notificationUpdateTime: number;
  readonly initMemberList: { userID: string; roleLevel: number }[];
  readonly kickedUserIDs: string[];
  readonly reason: string;
  readonly notification: string;
  readonly introduction: string;
  readonly faceURL: string;
  readonly ex: string;
  readonly needVerification: number;
  readonly lookMemberInfo: number | null;
  readonly applyMemberFriend: number | null;
}

interface Statement {
  readonly text: string;
  /** Returns the parameter $2 of the statement. */
  readonly change: (body: Body) => object;
  /** Returns the summary for the delivery log. */
  readonly summary: (body: Body) => string;
}

const STATEMENTS: Readonly<Record<Kind, Statement>> = {
  create: {
    text: CREATE_NEW_GROUP.text,
    change: (body) => {
      const {
        callbackCommand: _command,
        initMemberList,
        createTime,
        notificationUpdateTime,
        ...group
      } = body;
      const members = new Map<string, number>();
      for (const { userID, roleLevel } of initMemberList) {
        members.set(userID, Math.max(members.get(userID) ?? 0, roleLevel));
      }
      return {
        ...group,
        createTime: new Date(createTime),
        notificationUpdateTime: new Date(notificationUpdateTime),
        userIDs: [...members.keys()],
        roleLevels: [...members.values()],
      };
    },
    summary: ({ groupName }) => `the group "${groupName}" was created`,
  },
  kick: {
    text: LEAVE_AS_MEMBER.text,
    change: ({ kickedUserIDs, reason }) => ({ userIDs: kickedUserIDs, cause: 'kicked', reason }),
    summary: ({ kickedUserIDs }) => `${kickedUserIDs.join(', ')} had to leave`,
  },
  setGroupInfo: {
    text: SET_KNOWN_GROUP_INFO.text,
    change: (body) => ({
      groupName: body.groupName || null,
      notification: body.notification || null,
      introduction: body.introduction || null,
      faceURL: body.faceURL || null,
      ex: body.ex,
      needVerification: body.needVerification,
      lookMemberInfo: body.lookMemberInfo,
      applyMemberFriend: body.applyMemberFriend,
    }),
    summary: ({ groupName }) => `the group was changed: name "${groupName}"`,
  },
};

/**
 * Returns the statement that the service runs for a callback, with minimal code for its parameters: it writes the same rows, but
 * validates nothing. The difference to the service is the cost of the service.
 * @param body the request body
 */
export function bareStatement(kind: Kind, body: Buffer): QueryConfig {
  const { text, change, summary } = STATEMENTS[kind];
  const json = JSON.parse(body.toString()) as Body;
  const delivery = Object.assign(new Delivery(COMMANDS[kind], ''), {
    groupID: json.groupID,
    summary: summary(json),
    body,
  });
  return {
    name: kind,
    text,
    values: [json.groupID, JSON.stringify(change(json)), null, ...delivery.parameters()],
  };
}
