import type { ComponentChildren } from 'preact';
import type { DeliveryOutcome } from '../../deliveries/callback-delivery.entity.js';
import { usePage, useTexts } from './context.js';

/** Characters of a text from OpenIM that a list shows. */
const SHOWN = 300;

/** A text from OpenIM: isolated, so that its direction does not turn its surroundings. */
export const Foreign = ({ text }: { text: string }) => (
  <bdi>{text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}</bdi>
);

/** The link to a page about an id. Browsers resolve `.` and `..` in a path, however they are encoded: they are no links. */
function IdLink({ base, id, children }: { base: string; id: string; children?: ComponentChildren }) {
  const content = children ?? (
    <code>
      <Foreign text={id} />
    </code>
  );
  return /^\.{0,2}$/.test(id) ? (
    <span>{content}</span>
  ) : (
    <a href={`${base}/${encodeURIComponent(id)}`}>{content}</a>
  );
}

export const GroupLink = ({ id, children }: { id: string; children?: ComponentChildren }) => (
  <IdLink base="/console/groups" id={id}>
    {children}
  </IdLink>
);

export const UserLink = ({ id }: { id: string }) => <IdLink base="/console/users" id={id} />;

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** A time as its distance from now; the exact one, in UTC, is its title. 0, null and undefined: none. */
export function Time({ at }: { at: string | number | null | undefined }) {
  const { now, language } = usePage();
  if (!at) {
    return <span class="quiet">–</span>;
  }
  const date = new Date(at);
  const seconds = Math.round((date.getTime() - now) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  const iso = date.toISOString();
  return (
    <time dateTime={iso} title={`${iso.slice(0, 19).replace('T', ' ')} UTC`}>
      {new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'narrow' }).format(
        Math.trunc(seconds / size),
        unit,
      )}
    </time>
  );
}

/** A number with separators. */
export function Count({ of: number }: { of: number }) {
  return <span class="number">{new Intl.NumberFormat(usePage().language).format(number)}</span>;
}

/** A number; null: not known in time. */
export const Figure = ({ number }: { number: number | null }) =>
  number === null ? <span class="quiet">{useTexts().unknownFigure}</span> : <Count of={number} />;

export type Tone = 'good' | 'calm' | 'warn' | 'bad';

/** A word with a dot in the colour of what it means. */
export const Badge = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);

const TONES: Record<DeliveryOutcome | 'reconciled', Tone> = {
  applied: 'good',
  unchanged: 'calm',
  ignored: 'calm',
  rejected: 'bad',
  failed: 'bad',
  reconciled: 'warn',
};

export const Outcome = ({ outcome }: { outcome: keyof typeof TONES }) => (
  <Badge tone={TONES[outcome]}>{useTexts().outcomes[outcome]}</Badge>
);

export function Status({ status }: { status: number }) {
  const tones: Record<number, Tone> = { 0: 'good', 1: 'bad', 3: 'warn' };
  return <Badge tone={tones[status] ?? 'calm'}>{useTexts().statuses[status] ?? String(status)}</Badge>;
}

/** The role of a member. */
export const Role = ({ level }: { level: number }) => (
  <Badge tone={level > 20 ? 'good' : 'calm'}>{useTexts().roles[level] ?? String(level)}</Badge>
);

/** A group by its name, with its groupID below. */
export const GroupName = ({ group }: { group: { groupID: string; groupName: string | null } }) => (
  <>
    <GroupLink id={group.groupID}>
      {group.groupName ? <Foreign text={group.groupName} /> : <i>{useTexts().noName}</i>}
    </GroupLink>
    <code class="sub">
      <Foreign text={group.groupID} />
    </code>
  </>
);

/** Stands in the place of a list that does not exist. @param reason in English, from the service */
export const Missing = ({ reason }: { reason: string }) => (
  <p class="empty" lang="en">
    <bdi>{reason}</bdi>
  </p>
);

/** What a page is about, and the one thing that can be done. @param action undefined: nothing */
export const Head = ({
  title,
  id,
  state,
  action,
  button,
}: {
  title: ComponentChildren;
  id: string;
  state?: ComponentChildren;
  action?: string | undefined;
  button?: string;
}) => (
  <div class="head">
    <div>
      <h1>{title}</h1>
      <p class="ids">
        <code>
          <bdi>{id}</bdi>
        </code>
        {state}
      </p>
    </div>
    {action && (
      <form method="post" action={action}>
        <button>{button}</button>
      </form>
    )}
  </div>
);
