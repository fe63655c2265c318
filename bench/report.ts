import type { Section, Table } from './section.js';

/** Renders the report as Markdown that is readable in a terminal. */
export function report(run: Table, sections: readonly Section[]): string {
  const targets: Table = {
    columns: ['target', 'measured', 'limit', 'met'],
    rows: sections
      .flatMap((section) => section.targets)
      .map(({ what, measured, target, holds }) => [what, measured, target, holds ? 'yes' : '**no**']),
  };
  return [
    '# Benchmark results',
    '`npm run bench` writes this file. Rates and times depend on the machine, which was not idle: compare the ratios.',
    table(run),
    '## Targets',
    table(targets),
    ...sections.flatMap(({ title, notes, tables }) => [`## ${title}`, ...notes, ...tables.map(table)]),
  ]
    .join('\n\n')
    .concat('\n');
}

function table({ columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
