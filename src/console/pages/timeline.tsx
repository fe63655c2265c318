import type { ChangeDto } from '../../changes/change.dto.js';
import type { TimelinePage } from '../../deliveries/deliveries.dto.js';
import type { GroupDto } from '../../groups/group.dto.js';
import { useTexts } from './context.js';
import { GroupFrame } from './group-frame.js';
import { Pages } from './lists.js';
import { Foreign, Outcome, Time, UserLink } from './parts.js';

/** Members that an entry names. */
const NAMED = 10;

interface Props {
  group: GroupDto;
  page: TimelinePage;
  /** What the deliveries of the entries changed. */
  changes: ChangeDto[];
}

/** What happened to a group: what changed, and why. */
export function Timeline({ group, page: { items, nextCursor }, changes }: Props) {
  const t = useTexts();
  return (
    <GroupFrame group={group} tab="timeline">
      {items.length === 0 ? (
        <p class="empty">{t.noTimeline}</p>
      ) : (
        <ol class="timeline">
          {items.map(({ at, what, outcome, deliveryID }) => (
            <li class={outcome}>
              <p class="meta">
                <Time at={at} />
                <Outcome outcome={outcome} />
                {deliveryID === null ? (
                  <span>{t.viaReconciliation}</span>
                ) : (
                  <a href={`/console/deliveries/${deliveryID}`}>{t.callback}</a>
                )}
              </p>
              <p lang="en">
                <Foreign text={what} />
              </p>
              {changes
                .filter(({ cause }) => cause !== null && cause === deliveryID)
                .map((change) => (
                  <Change change={change} />
                ))}
            </li>
          ))}
        </ol>
      )}
      <Pages next={nextCursor} />
    </GroupFrame>
  );
}

function Change({ change: { kinds, group, members, moreMembers } }: { change: ChangeDto }) {
  const t = useTexts();
  const others = Math.max(0, members.length - NAMED) + moreMembers;
  return (
    <ul class="changes">
      {Object.entries(kinds.includes('created') ? {} : group).map(([name, { from, to }]) => (
        <li>
          <code>{name}</code>{' '}
          {from !== null && (
            <>
              <del>
                <Foreign text={String(from)} />
              </del>{' '}
              <span aria-hidden="true">→</span>{' '}
            </>
          )}
          <ins>
            <Foreign text={String(to)} />
          </ins>
        </li>
      ))}
      {members.slice(0, NAMED).map(({ userID, kind, roleLevel }) => (
        <li>
          <UserLink id={userID} /> {t.changed[kind]}
          {kind !== 'left' && roleLevel > 0 && ` · ${t.roles[roleLevel] ?? roleLevel}`}
        </li>
      ))}
      {others > 0 && <li>{t.moreMembers(others)}</li>}
    </ul>
  );
}
