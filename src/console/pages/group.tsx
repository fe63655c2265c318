import type { GroupDto } from '../../groups/group.dto.js';
import type { MemberDto } from '../../groups/member.dto.js';
import type { MemberAtDto } from '../../groups/membership.dto.js';
import { useTexts } from './context.js';
import { GroupFrame } from './group-frame.js';
import { type Column, Filters, Pages, period, Table } from './lists.js';
import { Foreign, Missing, Role, Time, UserLink } from './parts.js';

/** A page of a list; a text says why it does not exist. */
export type PageOrReason<T> = { items: T[]; nextCursor: string | null } | string;

type Row = Pick<MemberDto, 'userID' | 'roleLevel'> & Partial<MemberDto & MemberAtDto>;

interface Props {
  group: GroupDto;
  query: { at?: Date; userID?: string; roleLevel?: number; reconciled?: string };
  /** Current members, or those at a moment. */
  members: PageOrReason<Row>;
}

/** A group and its members. */
export function Group({ group, query: { at, userID, roleLevel, reconciled = '' }, members }: Props) {
  const t = useTexts();
  const path = `/console/groups/${encodeURIComponent(group.groupID)}`;
  const now: Column<Row>[] = [
    [t.nickname, ({ nickname }) => nickname && <Foreign text={nickname} />],
    [t.joined, ({ joinTime }) => <Time at={joinTime} />, 'time'],
    [t.invitedBy, ({ inviterUserID }) => inviterUserID && <UserLink id={inviterUserID} />],
  ];
  return (
    <GroupFrame group={group} tab="members">
      {Object.hasOwn(t.reconciled, reconciled) && (
        <p class={`notice ${reconciled === 'verified' ? 'good' : 'warn'}`} role="status">
          {t.reconciled[reconciled]}
        </p>
      )}
      <Filters
        action={path}
        button={t.filter}
        fields={[
          ['userID', t.beginsWith, userID],
          ['roleLevel', t.role, roleLevel?.toString(), Object.entries(t.roles).toReversed()],
          ['at', t.atMoment, at?.toISOString().slice(0, 16), 'datetime-local'],
        ]}
      />
      {typeof members === 'string' ? (
        <Missing reason={members} />
      ) : (
        <>
          <Table<Row>
            label={t.members}
            rows={members.items}
            empty={t.noMembers}
            columns={[
              [t.userID, (member) => <UserLink id={member.userID} />, 'main'],
              [t.role, (member) => <Role level={member.roleLevel} />],
              ...(at ? period(t) : now),
            ]}
          />
          <Pages next={members.nextCursor} />
        </>
      )}
    </GroupFrame>
  );
}
