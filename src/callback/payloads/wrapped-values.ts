/** Replaces each `{ "value": ... }` by its value: some of OpenIM's pages wrap fields so. */
export function unwrapValues(json: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(json).map(([name, field]) => [name, isWrapper(field) ? field.value : field]),
  );
}

const isWrapper = (field: unknown): field is { value: unknown } =>
  typeof field === 'object' && field !== null && Object.hasOwn(field, 'value');
