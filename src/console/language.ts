import type { Request } from 'express';
import { type Language, LANGUAGES } from './texts/language.js';

const COOKIE = 'console_language';
const YEAR_MS = 365 * 86_400_000;

/** Returns the language of a request: `?lang=`, which the browser keeps, or the kept one, or what `Accept-Language` prefers. */
export function languageOf(request: Request): Language {
  const { lang } = request.query;
  const asked = LANGUAGES.find((language) => language === lang);
  if (asked) {
    const { secure, res } = request;
    res!.cookie(COOKIE, asked, {
      path: '/console',
      maxAge: YEAR_MS,
      sameSite: 'lax',
      httpOnly: true,
      secure,
    });
    return asked;
  }
  const [, kept] = /(?:^|; *)console_language=(\w+)/.exec(request.headers.cookie ?? '') ?? [];
  const accepted = request.acceptsLanguages([...LANGUAGES]);
  return LANGUAGES.find((language) => language === kept) ?? (accepted === 'zh' ? 'zh' : 'en');
}
