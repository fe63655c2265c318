import type { ComponentChildren } from 'preact';
import type { Language } from '../texts/language.js';
import { usePage, useTexts } from './context.js';

const SECTIONS = {
  overview: '/console',
  groups: '/console/groups',
  deliveries: '/console/deliveries',
  connect: '/console/connect',
};
const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', zh: '中文' };

interface LayoutProps {
  title: string;
  section?: keyof typeof SECTIONS;
  /** Whether the browser loads the page again at once. */
  reloads?: boolean;
  children: ComponentChildren;
}

/** The frame of every page. */
export function Layout({ title, section, reloads, children }: LayoutProps) {
  const { language, stylesUrl, isSignedIn, texts } = usePage();
  return (
    <html lang={language === 'zh' ? 'zh-Hans' : 'en'}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · openim-group-sync`}</title>
        <link rel="stylesheet" href={stylesUrl} />
        <link rel="icon" href="/console/icon.svg" />
        {reloads && <meta http-equiv="refresh" content="0" />}
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.skip}
        </a>
        <header class="top">
          <a class="brand" href="/console">
            openim-group-sync
          </a>
          {isSignedIn && <Navigation section={section} />}
          <div class="tools">
            <LanguageSwitch />
            {isSignedIn && (
              <form method="post" action="/console/sign-out">
                <button class="plain">{texts.signOut}</button>
              </form>
            )}
          </div>
        </header>
        <main id="content" tabIndex={-1}>
          {children}
        </main>
      </body>
    </html>
  );
}

function Navigation({ section }: { section?: keyof typeof SECTIONS | undefined }) {
  const t = useTexts();
  return (
    <nav aria-label={t.mainNavigation}>
      {Object.entries(SECTIONS).map(([name, href]) => (
        <a href={href} aria-current={name === section ? 'page' : undefined}>
          {t.nav[name as keyof typeof SECTIONS]}
        </a>
      ))}
    </nav>
  );
}

function LanguageSwitch() {
  const { language, url } = usePage();
  const other = language === 'en' ? 'zh' : 'en';
  const [path = '', search] = url.split('?');
  const query = new URLSearchParams(search);
  query.set('lang', other);
  return (
    <a href={`${path}?${query}`} lang={other === 'zh' ? 'zh-Hans' : 'en'} hreflang={other}>
      {LANGUAGE_NAMES[other]}
    </a>
  );
}
