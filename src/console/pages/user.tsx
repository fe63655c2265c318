import type { UserGroupDto } from '../../groups/group.dto.js';
import type { UserGroupAtDto } from '../../groups/membership.dto.js';
import type { EndedMembership } from '../../groups/membership.service.js';
import { useTexts } from './context.js';
import type { PageOrReason } from './group.js';
import { Layout } from './layout.js';
import { type Column, Filters, Pages, period, Table } from './lists.js';
import { GroupName, Head, Missing, Role, Status, Time } from './parts.js';

/** A group of today, or a membership. */
type Row = Pick<UserGroupAtDto, 'groupID' | 'groupName' | 'roleLevel'> &
  Partial<Omit<UserGroupDto, 'groupName'> & UserGroupAtDto>;

interface Props {
  userID: string;
  query: { at?: Date };
  /** The groups of today, or at a moment. */
  groups: PageOrReason<Row>;
  ended: EndedMembership[];
}

/** A user: the groups, and the memberships that ended. */
export function User({ userID, query: { at }, groups, ended }: Props) {
  const t = useTexts();
  const shared: Column<Row>[] = [
    [t.group, (group) => <GroupName group={group} />, 'main'],
    [t.role, ({ roleLevel }) => <Role level={roleLevel} />],
  ];
  const now: Column<Row>[] = [
    [t.status, ({ status = 0 }) => <Status status={status} />],
    [t.created, ({ createTime }) => <Time at={createTime} />, 'time'],
  ];
  return (
    <Layout title={t.user} section="groups">
      <Head title={<bdi>{userID}</bdi>} id={t.user} />
      <h2>{t.groups}</h2>
      <Filters
        action={`/console/users/${encodeURIComponent(userID)}`}
        button={t.filter}
        fields={[['at', t.atMoment, at?.toISOString().slice(0, 16), 'datetime-local']]}
      />
      {typeof groups === 'string' ? (
        <Missing reason={groups} />
      ) : (
        <>
          <Table
            label={t.groups}
            rows={groups.items}
            empty={t.noMemberships}
            columns={[...shared, ...(at ? period(t) : now)]}
          />
          {'unknownGroups' in groups && Number(groups.unknownGroups) > 0 && (
            <p class="hint">{t.unknownGroups(Number(groups.unknownGroups))}</p>
          )}
          <Pages next={groups.nextCursor} />
        </>
      )}
      <h2>{t.history}</h2>
      <Table
        label={t.history}
        rows={ended}
        empty={t.noHistory}
        columns={[...shared, ...period(t), [t.how, ({ how }) => t.hows[how ?? ''] ?? how ?? t.notReported]]}
      />
    </Layout>
  );
}
