import { setTimeout as sleep } from 'node:timers/promises';
import { TestDatabase } from './helpers/database.js';
import { OtlpCollector } from './helpers/otlp-collector.js';
import { eventually, ServiceProcess } from './helpers/process.js';
import { CREATE } from './helpers/service.js';

let database: TestDatabase;
let collector: OtlpCollector;

beforeEach(async () => {
  database = await TestDatabase.create();
  collector = await OtlpCollector.start();
});

afterEach(async () => {
  await ServiceProcess.endAll();
  await collector.stop();
  await database.drop();
});

/** Starts a process that logs at its end which packages of OpenTelemetry it has loaded. */
const start = async (environment: Record<string, string>): Promise<ServiceProcess> => {
  const listing = `
    import { createRequire } from 'node:module';
    process.on('exit', () => {
      const files = Object.keys(createRequire('/').cache).join('\\n');
      const packages = new Set(files.match(/(?<=node_modules\\/)@opentelemetry\\/[^/]+/g));
      process.stderr.write('Loaded: ' + [...packages].sort().join(' ') + '.\\n');
    });`;
  const service = ServiceProcess.start({
    DATABASE_URL: database.url,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(listing)}`,
    ...environment,
  });
  await service.says(/The database is ready/);
  return service;
};

/** prom-client loads the API of OpenTelemetry, which does nothing without an SDK. */
const NOTHING = 'Loaded: @opentelemetry/api.';

describe('With OTEL_EXPORTER_OTLP_ENDPOINT the service', () => {
  it('sends a trace of each callback with its statements, at the end of the process at the latest', async () => {
    const service = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const url = await service.url();
    await service.post({ groupID: 'traced' });
    await fetch(`${url}/callback/${CREATE}?token=secret`, {
      method: 'POST',
      body: JSON.stringify({ callbackCommand: CREATE, groupID: 'rejected', ownerUserID: 1 }),
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa('openim:t')}`,
        operationid: 'op-7',
      },
    });
    await fetch(`${url}//openim:secret@host/callback/x`, { method: 'POST' });
    await service.get('/admin/groups');
    await service.get('/health/ready');
    expect(await service.end()).toBe(0);
    expect(service.log).toContain('Loaded: @opentelemetry/api ');
    expect(service.log).toContain('@opentelemetry/sdk-trace-node');

    const { spans } = collector;
    const callbacks = spans.filter(({ kind }) => kind === 2);
    expect(callbacks).toMatchObject([
      {
        name: 'POST /callback/:command',
        parentSpanID: '',
        attributes: {
          'openim.command': CREATE,
          'openim.group_id': 'traced',
          'openim.outcome': 'applied',
          'http.route': '/callback/:command',
          'http.response.status_code': 200,
        },
        resource: { 'service.name': 'openim-group-sync' },
      },
      {
        attributes: {
          'openim.group_id': 'rejected',
          'openim.operation_id': 'op-7',
          'openim.outcome': 'rejected',
          'http.response.status_code': 400,
        },
      },
      { attributes: { 'url.path': '//*/callback/*', 'http.response.status_code': 404 } },
    ]);
    const [applied, rejected] = callbacks;
    const below = (traceID: string) =>
      spans.filter((span) => span.traceID === traceID && span.kind === 3).map(({ name }) => name);
    expect(below(applied!.traceID)).toContainEqual(expect.stringMatching(/^pg.query:createNewGroup test_/));
    expect(below(rejected!.traceID)).toContainEqual(expect.stringMatching(/^pg.query:INSERT test_/));
    const [statement] = spans.filter(({ name }) => name.startsWith('pg.query:createNewGroup'));
    expect(statement!.parentSpanID).toBe(applied!.spanID);
    expect(String(statement!.attributes['db.query.text']).length).toBeLessThanOrEqual(1024);
    expect(new Set(spans.map(({ traceID }) => traceID)).size).toBe(3);
    expect(JSON.stringify(spans)).not.toMatch(/secret|"traced.*"traced"|Basic /);
  });

  it('makes statements children of their own callback, even if all wait for one connection', async () => {
    const service = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, DATABASE_POOL_SIZE: '1' });
    const groupIDs = Array.from({ length: 20 }, (_, index) => `g${index}`);
    await Promise.all(groupIDs.map((groupID) => service.post({ groupID })));
    await service.end();
    const callbacks = collector.spans.filter(({ kind }) => kind === 2);
    expect(callbacks).toHaveLength(20);
    for (const { spanID, traceID } of callbacks) {
      const statements = collector.spans.filter(
        (span) => span.parentSpanID === spanID && span.name.startsWith('pg.query:createNewGroup'),
      );
      expect(statements.map((span) => span.traceID)).toEqual([traceID]);
    }
  });

  it('works, and stops in time, where the collector does not answer', async () => {
    collector.hangs = true;
    const service = await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    });
    expect((await service.post({ groupID: 'g' })).status).toBe(200);
    await eventually(() => Promise.resolve(collector.requests > 0));
    await service.says(
      /"context":"Tracing","problem":"Request timed out","msg":"OpenTelemetry reports a problem"/,
    );
    await service.post({ groupID: 'g2' });
    const asked = Date.now();
    expect(await service.end()).toBe(0);
    expect(Date.now() - asked).toBeLessThan(8000);
    await sleep(100);
    expect(service.log.match(/"context":"Tracing"/g)).toHaveLength(1);
  });
});

it('A trace has the service name of OTEL_SERVICE_NAME and the parent span of the request', async () => {
  const service = await start({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
    OTEL_SERVICE_NAME: 'mirror-7',
    OTEL_EXPORTER_OTLP_HEADERS: '',
    OTEL_TRACES_SAMPLER: '',
  });
  await fetch(`${await service.url()}/callback/callbackAfterSendGroupMsgCommand`, {
    method: 'POST',
    body: '{}',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${btoa('openim:t')}`,
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    },
  });
  await service.end();
  expect(collector.spans.find(({ kind }) => kind === 2)).toMatchObject({
    traceID: 'a'.repeat(32),
    parentSpanID: 'b'.repeat(16),
    attributes: { 'openim.outcome': 'ignored' },
    resource: { 'service.name': 'mirror-7' },
  });
});

describe('OpenTelemetry is not loaded', () => {
  it.each<Record<string, string>>([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_SERVICE_NAME: '' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', OTEL_SDK_DISABLED: 'true' },
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector', OTEL_TRACES_EXPORTER: 'none' },
  ])('loads no OpenTelemetry package except the API with the settings %j', async ({ ...environment }) => {
    if (environment['OTEL_EXPORTER_OTLP_ENDPOINT'] === 'collector') {
      environment['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
    }
    const service = await start(environment);
    expect((await service.post({ groupID: 'g' })).status).toBe(200);
    await service.end();
    expect(service.log).toContain(NOTHING);
    expect(collector.requests).toBe(0);
  });
});
