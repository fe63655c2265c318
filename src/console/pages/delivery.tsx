import type { DeliveryWithBodyDto } from '../../deliveries/deliveries.dto.js';
import { useTexts } from './context.js';
import { Layout } from './layout.js';
import { Fields } from './lists.js';
import { Foreign, GroupLink, Head, Outcome, Time } from './parts.js';

/** Characters of a body that the page shows. */
const SHOWN = 65_536;

/** One callback: what came of it, and its body. */
export function Delivery(delivery: DeliveryWithBodyDto) {
  const t = useTexts();
  const { id, outcome, problems, summary, body, groupID, replayOf } = delivery;
  return (
    <Layout title={t.delivery} section="deliveries">
      <Head
        title={<Foreign text={delivery.command} />}
        id={id}
        state={[<Outcome outcome={outcome} />]}
        action={body === null ? undefined : `/console/deliveries/${id}/replay`}
        button={t.replay}
      />
      <p>
        {t.outcomeHelp[outcome]} {body !== null && t.replayHelp}
      </p>
      {problems !== null && (
        <section class="notice bad">
          <h2>{t.problemsTitle}</h2>
          <ul lang="en">
            {problems.split('; ').map((problem) => (
              <li>
                <bdi>{problem}</bdi>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Fields
        kind="wide"
        of={[
          [t.summary, summary && <bdi lang="en">{summary}</bdi>],
          [t.received, <Time at={delivery.receivedAt} />],
          [t.group, groupID && <GroupLink id={groupID} />],
          [t.duration, t.ms(delivery.durationMs)],
          [t.operationID, <bdi>{delivery.operationID}</bdi>],
          [t.replayOf, replayOf && <a href={`/console/deliveries/${replayOf}`}>{replayOf}</a>],
        ]}
      />
      <h2>{t.body}</h2>
      {body === null ? (
        <p class="empty">{t.noBody}</p>
      ) : (
        <pre tabIndex={0} role="region" aria-label={t.body}>
          <bdi>{body.length > SHOWN ? body.slice(0, SHOWN) : indented(body)}</bdi>
        </pre>
      )}
      {body !== null && body.length > SHOWN && <p class="hint">{t.bodyCut(Buffer.byteLength(body))}</p>}
    </Layout>
  );
}

/** JSON with an indent; any other text, and JSON whose numbers would change, as it is. */
function indented(body: string): string {
  try {
    return /\d{16}/.test(body) ? body : JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
