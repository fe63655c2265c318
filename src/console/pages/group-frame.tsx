import type { ComponentChildren } from 'preact';
import type { GroupDto } from '../../groups/group.dto.js';
import { useTexts } from './context.js';
import { Agreement } from './groups.js';
import { Layout } from './layout.js';
import { Fields } from './lists.js';
import { Count, Foreign, Head, Status, Time, UserLink } from './parts.js';

interface Props {
  group: GroupDto;
  tab: 'members' | 'timeline';
  children: ComponentChildren;
}

/** The frame of the pages of a group: its name, what can be done with it, and its fields. Urls of OpenIM are no links. */
export function GroupFrame({ group, tab, children }: Props) {
  const t = useTexts();
  const path = `/console/groups/${encodeURIComponent(group.groupID)}`;
  const paths = { members: path, timeline: `${path}/timeline` };
  return (
    <Layout title={t.group} section="groups">
      <Head
        title={group.groupName === '' ? <i>{t.noName}</i> : <Foreign text={group.groupName} />}
        id={group.groupID}
        state={[<Status status={group.status} />, <Agreement group={group} />]}
        action={`${path}/reconcile`}
        button={t.reconcileNow}
      />
      <Fields
        kind="wide"
        of={[
          [t.owner, group.ownerUserID && <UserLink id={group.ownerUserID} />],
          [t.creator, group.creatorUserID && <UserLink id={group.creatorUserID} />],
          [t.created, <Time at={group.createTime} />],
          [t.members, <Count of={group.memberCount} />],
          [t.needVerification, t.verifications[group.needVerification] ?? group.needVerification],
          [t.groupType, group.groupType],
          [t.written, <Time at={group.syncedAt} />],
          [t.whyStale, group.staleReason && <span lang="en">{group.staleReason}</span>],
          [t.introduction, group.introduction && <bdi>{group.introduction}</bdi>],
          [t.notification, group.notification && <bdi>{group.notification}</bdi>],
          [t.faceURL, group.faceURL && <bdi>{group.faceURL}</bdi>],
          [t.extra, group.ex && <bdi>{group.ex}</bdi>],
        ]}
      />
      <nav class="tabs" aria-label={t.group}>
        {(['members', 'timeline'] as const).map((name) => (
          <a href={paths[name]} aria-current={name === tab ? 'page' : undefined}>
            {t[name]}
          </a>
        ))}
      </nav>
      {children}
    </Layout>
  );
}
