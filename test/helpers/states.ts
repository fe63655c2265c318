import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a metric of a state is, in the words of the page. */
type Reading = '0' | '> 0' | 'grows' | 'stays' | 'near the limit';

/** A row of the table of states. */
export interface State {
  readonly name: string;
  /** HTTP status of the answer to a callback; undefined where there is none. */
  readonly callback?: number;
  /** HTTP status and `status` of `GET /health/ready`; undefined where there is no answer. */
  readonly ready?: { readonly code: number; readonly status: string };
  readonly metrics: ReadonlyMap<string, Reading>;
  readonly alerts: readonly string[];
}

const PAGE = join(import.meta.dirname, '../../docs/observability.md');

/** Reads the table of states in docs/observability.md. */
export function statesOfDocs(): State[] {
  const [, table = ''] = /^## States\n[^|]*\n((?:\|.*\n)+)/m.exec(readFileSync(PAGE, 'utf8')) ?? [];
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => {
      const [name = '', callback = '', ready = '', metrics = '', alerts = ''] = row.split(' | ');
      const [, code, status = ''] = /^(\d+) `(\w+)`/.exec(ready) ?? [];
      return {
        name: name.replace('| ', ''),
        callback: Number.parseInt(callback, 10) || undefined,
        ready: code === undefined ? undefined : { code: Number(code), status },
        metrics: new Map(
          [...metrics.matchAll(/`([^`]+)` (> 0|0|grows|stays|near the limit)/g)].map(
            ([, metric = '', reading]) => [metric, reading as Reading],
          ),
        ),
        alerts: [...alerts.matchAll(/`(\w+)`/g)].map(([, alert = '']) => alert),
      };
    });
}

/** Finds the row of a state. */
export function stateOfDocs(name: string): State {
  const state = statesOfDocs().find((row) => row.name === name);
  if (!state) {
    throw new Error(`docs/observability.md has no state "${name}"`);
  }
  return state;
}
