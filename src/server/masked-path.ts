/** What a path may hold without telling a secret: the first words of routes, and the commands of OpenIM. */
const KNOWN = /^(callback\w{0,64}|admin|health|metrics|docs|docs-json|)$/i;
/** Segments that are shown. */
const SHOWN = 8;

/**
 * A path as it may be logged where no route takes it: what is not known in it may be a token that somebody put into the wrong place, and
 * becomes `*`. What follows a `?` or `#` is left out.
 * @param target of the request line, whatever form it has
 */
export function maskedPath(target: string): string {
  const segments = target.split(/[?#]/)[0]!.split('/');
  const masked = segments.slice(0, SHOWN).map((segment) => (KNOWN.test(segment) ? segment : '*'));
  return `${masked.join('/')}${segments.length > SHOWN ? '/…' : ''}`;
}
