/** Segments that are no secrets: the first words of routes, and OpenIM's commands. */
const KNOWN = /^(callback\w{0,64}|admin|health|metrics|docs|docs-json|)$/i;
/** Maximum number of segments. */
const MAX_SEGMENTS = 8;

/**
 * Masks the path of a request that no route takes, for the log: an unknown segment may be a token in the wrong place, and becomes `*`. The
 * query is left out.
 * @param target the target of the request line, in any form
 */
export function maskedPath(target: string): string {
  const segments = target.split(/[?#]/)[0]!.split('/');
  const masked = segments.slice(0, MAX_SEGMENTS).map((segment) => (KNOWN.test(segment) ? segment : '*'));
  return `${masked.join('/')}${segments.length > MAX_SEGMENTS ? '/…' : ''}`;
}
