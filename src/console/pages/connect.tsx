import { useTexts } from './context.js';
import { Layout } from './layout.js';

interface Props {
  /** The lines of webhooks.yml. */
  lines: string[];
  hasToken: boolean;
  isShown: boolean;
}

/** How OpenIM is connected. */
export function Connect({ lines, hasToken, isShown }: Props) {
  const t = useTexts();
  return (
    <Layout title={t.nav.connect} section="connect">
      <h1>{t.nav.connect}</h1>
      <section>
        <h2>{t.webhooksTitle}</h2>
        <p>{t.webhooksHelp}</p>
        <pre tabIndex={0} role="region" aria-label={t.webhooksTitle}>
          {lines.join('\n')}
        </pre>
        {hasToken ? (
          <p class="hint">
            {!isShown && t.tokenHidden}{' '}
            <a href={isShown ? '/console/connect' : '/console/connect?token=shown'}>
              {isShown ? t.hideToken : t.showToken}
            </a>
          </p>
        ) : (
          <p class="notice warn">{t.noToken}</p>
        )}
      </section>
    </Layout>
  );
}
