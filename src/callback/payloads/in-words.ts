/** The fields that are told, as `name "x", ex cleared`. */
export function inWords(fields: object): string {
  const told = Object.entries(fields).filter(([, value]) => value !== null);
  const words = told.map(([name, value]) =>
    value === '' ? `${name} cleared` : `${name} ${JSON.stringify(value)}`,
  );
  return words.join(', ') || 'nothing';
}
