import { usePage, useTexts } from './context.js';
import { Layout } from './layout.js';

/** The form for the admin key. */
export function SignIn({ to, isWrong }: { to: string; isWrong: boolean }) {
  const t = useTexts();
  return (
    <Layout title={t.signIn}>
      <form class="card sign-in" method="post" action="/console/sign-in">
        <h1>{t.signIn}</h1>
        <p>{t.signInLead}</p>
        <input type="hidden" name="to" value={to} />
        {/* For password managers, which keep a key under a name. */}
        <input type="text" name="username" value="admin" autocomplete="username" hidden />
        <label>
          <span>{t.adminKey}</span>
          <input
            type="password"
            name="key"
            required
            autofocus
            autocomplete="current-password"
            aria-describedby="key-hint"
            aria-invalid={isWrong}
          />
        </label>
        <p id="key-hint" class="hint">
          {t.adminKeyHint}
        </p>
        {isWrong && (
          <p class="notice bad" role="alert">
            {t.wrongKey}
          </p>
        )}
        <button>{t.signIn}</button>
      </form>
    </Layout>
  );
}

/** A page that loads itself again, now as a page of this site. */
export function Reload() {
  const { url, texts } = usePage();
  return (
    <Layout title={texts.reloading} reloads>
      <h1 class="quiet">
        <a href={url}>{texts.reloading}</a>
      </h1>
    </Layout>
  );
}
