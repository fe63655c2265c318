/** Segments that are not secret: the first words of routes, and OpenIM's commands. */
const KNOWN = /^(callback\w{0,64}|admin|console|health|metrics|docs|docs-json|)$/i;
/** Maximum number of segments. */
const MAX_SEGMENTS = 8;

/**
 * Masks the path of a request without a route, for the log. An unknown segment becomes `*`, since it may be a token in the wrong place. The
 * query is removed.
 * @param target the target of the request line, in any form
 */
export function maskedPath(target: string): string {
  const segments = target.split(/[?#]/)[0]!.split('/');
  const masked = segments.slice(0, MAX_SEGMENTS).map((segment) => (KNOWN.test(segment) ? segment : '*'));
  return `${masked.join('/')}${segments.length > MAX_SEGMENTS ? '/…' : ''}`;
}
