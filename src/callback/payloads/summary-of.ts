/** Summarizes a patch as `name "x", ex cleared`. Fields with null did not change. */
export function summaryOf(patch: object): string {
  const changes = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => (value === '' ? `${name} cleared` : `${name} ${JSON.stringify(value)}`));
  return changes.join(', ') || 'nothing';
}
