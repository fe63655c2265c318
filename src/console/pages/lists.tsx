import type { ComponentChildren } from 'preact';
import type { Texts } from '../texts/en.js';
import { usePage } from './context.js';
import { Time } from './parts.js';

/** The link to the next page, and from a later page to the first. */
export function Pages({ next }: { next: string | null }) {
  const { url, texts } = usePage();
  const [path = '', search] = url.split('?');
  const query = new URLSearchParams(search);
  const isLater = query.has('cursor');
  query.delete('cursor');
  const first = `${path}?${query}`;
  query.set('cursor', next ?? '');
  return next === null && !isLater ? null : (
    <nav class="pages" aria-label={texts.pages}>
      {isLater && <a href={first}>{texts.firstPage}</a>}
      {next !== null && (
        <a rel="next" href={`${path}?${query}`}>
          {texts.nextPage}
        </a>
      )}
    </nav>
  );
}

/** A column of a table: its head, what is in its cells, and what kind of content that is. */
export type Column<T> = [
  head: string,
  cell: (row: T) => ComponentChildren,
  kind?: 'main' | 'number' | 'time',
];

/** A table, which scrolls within itself where the window is narrow. @param empty what stands in the place of a table without rows */
export const Table = <T,>({
  label,
  rows,
  columns,
  empty,
}: {
  label: string;
  rows: readonly T[];
  columns: Column<T>[];
  empty: string;
}) =>
  rows.length === 0 ? (
    <p class="empty">{empty}</p>
  ) : (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead>
          <tr>
            {columns.map(([head, , kind]) => (
              <th scope="col" class={kind}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {columns.map(([, cell, kind]) => (
                <td class={kind}>{cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );

/** Terms and their values. Those without a value are left out. */
export const Fields = ({ of: fields, kind = '' }: { of: [string, ComponentChildren][]; kind?: string }) => (
  <dl class={`fields ${kind}`}>
    {fields
      .filter(([, value]) => value !== null && value !== '' && value !== false)
      .map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
  </dl>
);

/** A field of a form; with options a choice. */
type FormField = [
  name: string,
  label: string,
  value: string | undefined,
  kind?: 'search' | 'date' | 'datetime-local' | [value: string, text: string][],
];

/** A form that filters a list. */
export function Filters({ action, button, fields }: { action: string; button: string; fields: FormField[] }) {
  const { url, texts } = usePage();
  return (
    <form class="filters" action={action}>
      {fields.map(([name, label, value, kind = 'search']) => (
        <label>
          <span>{label}</span>
          {typeof kind === 'string' ? (
            <input type={kind as 'search'} name={name} value={value} autocomplete="off" />
          ) : (
            <select name={name}>
              {[['', texts.all], ...kind].map(([option, text]) => (
                <option value={option} selected={option === (value ?? '')}>
                  {text}
                </option>
              ))}
            </select>
          )}
        </label>
      ))}
      <button>{button}</button>
      {/[?&](?!lang=)[^=]+=[^&]/.test(url) && <a href={action}>{texts.clear}</a>}
    </form>
  );
}

/** The columns of a membership: since when and until when. */
export const period = (t: Texts): Column<{ validFrom?: string; validTo?: string | null }>[] => [
  [t.since, ({ validFrom }) => <Time at={validFrom} />, 'time'],
  [t.until, ({ validTo }) => (validTo === null ? t.still : <Time at={validTo} />), 'time'],
];
