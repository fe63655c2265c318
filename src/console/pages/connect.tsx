import type { Finding } from '../../doctor/finding.js';
import { useTexts } from './context.js';
import { Layout } from './layout.js';
import { Badge } from './parts.js';

interface Props {
  /** The lines of webhooks.yml. */
  lines: string[];
  hasToken: boolean;
  isShown: boolean;
  /** What a check found, in English; undefined: nothing was checked. */
  findings: Finding[] | undefined;
}

const TONES = { ok: 'good', skipped: 'calm', warning: 'warn', error: 'bad' } as const;

/** How OpenIM is connected. */
export function Connect({ lines, hasToken, isShown, findings }: Props) {
  const t = useTexts();
  return (
    <Layout title={t.nav.connect} section="connect">
      <h1>{t.nav.connect}</h1>
      <h2>{t.webhooksTitle}</h2>
      <p>{t.webhooksHelp}</p>
      <pre tabIndex={0} role="region" aria-label={t.webhooksTitle}>
        {lines.join('\n')}
      </pre>
      {hasToken ? (
        <>
          {!isShown && <p class="hint">{t.tokenHidden}</p>}
          <p>
            <a href={isShown ? '/console/connect' : '/console/connect?token=shown'}>
              {isShown ? t.hideToken : t.showToken}
            </a>
          </p>
        </>
      ) : (
        <p class="notice warn">{t.noToken}</p>
      )}
      <h2 id="findings">{t.findings}</h2>
      <p>{t.findingsHelp}</p>
      <form method="post" action="/console/connect#findings">
        <button>{findings ? t.checkAgain : t.check}</button>
      </form>
      <ul class="findings">
        {findings?.map(({ level, message, action }) => (
          <li>
            <Badge tone={TONES[level]}>{t.levels[level]}</Badge>
            <div lang="en">
              <bdi>{message}</bdi>
              {action && (
                <p>
                  <bdi>{action}</bdi>
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </Layout>
  );
}
