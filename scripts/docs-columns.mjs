import { built, table } from './docs-markdown.mjs';

/** Order of the tables. Tables that other programs read come first. */
const ORDER = [
  'groups',
  'group_members',
  'group_member_periods',
  'callback_deliveries',
  'group_changes',
  'change_feed',
  'webhook_endpoints',
  'webhook_held_groups',
  'reconciliation_runs',
  'leases',
];

/** Returns the columns of each table, from the decorators of the entities. */
export async function columnTables() {
  const { getMetadataArgsStorage } = await import('typeorm');
  await built('src/data-source-options.js');
  const { tables, columns } = getMetadataArgsStorage();
  // Jest may load the module of an entity twice.
  const byName = new Map(tables.map((entity) => [entity.name, entity]));
  const inOrder = [...byName.values()].toSorted((a, b) => ORDER.indexOf(a.name) - ORDER.indexOf(b.name));
  const sections = inOrder.map(({ name, target, comment }) => {
    const rows = columns
      .filter((column) => column.target === target)
      .map(({ propertyName, options }) => [
        `\`${options.name ?? propertyName}\``,
        `${String(options.type)}${options.array ? '[]' : ''}${options.primary ? ', key' : ''}`,
        options.nullable ? 'yes' : 'no',
        options.comment,
      ]);
    return `### \`${name}\`\n\n${comment}\n\n${table(['column', 'type', 'may be NULL', 'meaning'], rows)}`;
  });
  return sections.join('\n\n');
}
