import { DELIVERY_OUTCOMES } from '../../deliveries/callback-delivery.entity.js';
import type { DeliveryDto, DeliveryPage } from '../../deliveries/deliveries.dto.js';
import type { DeliveriesQuery } from '../../deliveries/deliveries-query.js';
import { useTexts } from './context.js';
import { Layout } from './layout.js';
import { Filters, Pages, Table } from './lists.js';
import { Foreign, GroupLink, Outcome, Time } from './parts.js';

interface Props {
  query: DeliveriesQuery;
  page: DeliveryPage;
}

/** The log of callbacks. */
export function Deliveries({ query, page: { items, nextCursor } }: Props) {
  const t = useTexts();
  const { command, groupID, outcome, receivedFrom, receivedTo } = query;
  return (
    <Layout title={t.nav.deliveries} section="deliveries">
      <h1>{t.nav.deliveries}</h1>
      <Filters
        action="/console/deliveries"
        button={t.filter}
        fields={[
          ['outcome', t.outcome, outcome, DELIVERY_OUTCOMES.map((one) => [one, t.outcomes[one]])],
          ['command', t.command, command],
          ['groupID', 'groupID', groupID],
          ['receivedFrom', t.from, receivedFrom?.toISOString().slice(0, 10), 'date'],
          ['receivedTo', t.to, receivedTo?.toISOString().slice(0, 10), 'date'],
        ]}
      />
      <Table
        label={t.nav.deliveries}
        rows={items}
        empty={t.noDeliveries}
        columns={[
          [t.delivery, (delivery) => <Named delivery={delivery} />, 'main'],
          [t.outcome, (delivery) => <Outcome outcome={delivery.outcome} />],
          [t.group, (delivery) => delivery.groupID && <GroupLink id={delivery.groupID} />],
          [t.received, ({ receivedAt }) => <Time at={receivedAt} />, 'time'],
        ]}
      />
      <Pages next={nextCursor} />
    </Layout>
  );
}

const Named = ({ delivery: { id, command, problems, summary } }: { delivery: DeliveryDto }) => (
  <>
    <a href={`/console/deliveries/${id}`}>
      <Foreign text={command} />
    </a>
    <span class="sub" lang="en">
      <Foreign text={problems ?? summary ?? ''} />
    </span>
  </>
);
