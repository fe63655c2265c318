import type { Request } from 'express';
import { adminRequestLog } from '../admin-api/admin-request-log.js';
import type { PageName, PropsOf } from './pages/document.js';
import { languageOf } from './language.js';
import { STYLES } from './styles.js';

/**
 * Renders a page in the language of the browser. The templates and their library are loaded by the first page: most processes never show one.
 * @throws the error of a template
 */
export async function html<N extends PageName>(
  request: Request,
  name: N,
  props: PropsOf<N>,
): Promise<string> {
  const { renderDocument } = await import('./pages/document.js');
  return renderDocument(name, props, {
    language: languageOf(request),
    url: request.originalUrl,
    stylesUrl: STYLES.url(),
    isSignedIn: adminRequestLog(request.res!).adminKey !== undefined,
    now: Date.now(),
  });
}
