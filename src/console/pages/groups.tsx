import type { GroupDto, GroupPage } from '../../groups/group.dto.js';
import type { GroupsQuery } from '../../groups/groups-query.js';
import { useTexts } from './context.js';
import { Layout } from './layout.js';
import { Filters, Pages, Table } from './lists.js';
import { Badge, Count, GroupName, Status, Time, UserLink } from './parts.js';

interface Props {
  query: GroupsQuery;
  page: GroupPage;
  /** The group whose groupID is what was searched for. */
  exact: GroupDto | null;
}

/** The list of groups. */
export function Groups({ query, page: { items, nextCursor }, exact }: Props) {
  const t = useTexts();
  const { groupName, status, stale, ownerUserID } = query;
  const isFiltered = [groupName, status, stale, ownerUserID].some((value) => value !== undefined);
  return (
    <Layout title={t.groups} section="groups">
      <h1>{t.groups}</h1>
      <Filters
        action="/console/groups"
        button={t.search}
        fields={[
          ['groupName', t.nameOrID, groupName],
          ['ownerUserID', t.owner, ownerUserID],
          ['status', t.status, status?.toString(), Object.entries(t.statuses)],
          [
            'stale',
            t.agreement,
            stale?.toString(),
            [
              ['true', t.stale],
              ['false', t.agreed],
            ],
          ],
        ]}
      />
      <Table
        label={t.groups}
        rows={exact ? [exact, ...items.filter(({ groupID }) => groupID !== exact.groupID)] : items}
        empty={isFiltered ? t.noGroupsHint : t.noGroupsYet}
        columns={[
          [t.group, (group) => <GroupName group={group} />, 'main'],
          [t.status, ({ status: value }) => <Status status={value} />],
          [t.agreement, (group) => <Agreement group={group} />],
          [t.members, ({ memberCount }) => <Count of={memberCount} />, 'number'],
          [t.owner, ({ ownerUserID: userID }) => <UserLink id={userID} />],
          [t.created, ({ createTime }) => <Time at={createTime} />, 'time'],
        ]}
      />
      {groupName && (
        <p class="hint">
          {t.asUser} <UserLink id={groupName} />
        </p>
      )}
      <Pages next={nextCursor} />
    </Layout>
  );
}

/** Whether the rows of a group are known to equal OpenIM, and since when. */
export function Agreement({ group: { staleSince, verifiedAt } }: { group: GroupDto }) {
  const t = useTexts();
  if (staleSince !== null) {
    return <Badge tone="warn">{t.stale}</Badge>;
  }
  return verifiedAt === null ? (
    <Badge tone="calm">{t.notVerified}</Badge>
  ) : (
    <Badge tone="good">
      {t.verified} <Time at={verifiedAt} />
    </Badge>
  );
}
