import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { type Attributes, diag, type DiagLogger, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { type HttpCustomAttributeFunction, HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { exchangeOf } from '../callback/callback-exchange.js';
import { maskedPath } from './masked-path.js';
import { VERSION } from '../config/version.js';
import { withTimeout } from '../waiting/with-timeout.js';

/** Time to send the last spans at the end of the process, in ms: a slow collector must not delay the end. */
const FLUSH_MS = 2000;
/** Maximum length of an attribute: the statements of a change are long, and their names identify them. */
const ATTRIBUTE_LENGTH = 1024;

/**
 * Starts OpenTelemetry: from then on each callback is a trace with its statements. The SDK reads OpenTelemetry's standard variables. Import this
 * file only where traces are enabled.
 * @returns a function that sends the last spans and stops
 */
export function startTracing(logger: Logger): () => Promise<void> {
  const log = eachOnce((problem) =>
    logger.warn({ context: 'Tracing', problem }, 'OpenTelemetry reports a problem'),
  );
  diag.setLogger(log, { logLevel: DiagLogLevel.WARN });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': 'openim-group-sync', 'service.version': VERSION }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH },
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  const instrumentations = [
    new HttpInstrumentation({
      disableOutgoingRequestInstrumentation: true,
      ignoreIncomingRequestHook: (request) => !isCallback(request),
      startIncomingSpanHook: withoutSecrets,
      applyCustomAttributesOnSpan: describe,
    }),
    new PgInstrumentation({ requireParentSpan: true }),
  ];
  instrumentations.forEach((instrumentation) => instrumentation.setTracerProvider(provider));
  patch();
  return () => {
    const flushed = provider.shutdown().catch(() => undefined); // its logger reports why
    return withTimeout(flushed, FLUSH_MS, () => undefined);
  };
}

const isCallback = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'POST' && /\/callback\//i.test(url);

/** Removes parts of the url that may be a token in the wrong place: the query, which has no meaning here, and unknown segments of the path. */
const withoutSecrets = ({ url = '' }: IncomingMessage): Attributes => ({
  'url.path': maskedPath(url),
  'url.query': undefined,
});

/** Names the span of a callback by its route, and adds the fields of its log line. */
const describe: HttpCustomAttributeFunction = (span, request, response) => {
  const { path } = ((request as Request).route ?? {}) as { path?: string };
  if (path !== undefined) {
    span.updateName(`POST ${path}`);
    span.setAttribute('http.route', path);
  }
  const { command, groupID, operationID, outcome } = exchangeOf(response as Response).log;
  span.setAttributes({
    'openim.command': command,
    'openim.group_id': groupID,
    'openim.operation_id': operationID,
    'openim.outcome': outcome,
  });
};

/**
 * Requires the instrumented modules, so that the instrumentations patch them, even if they are loaded already. The instrumentations do not see
 * imports of ES modules.
 */
function patch(): void {
  const load = createRequire(import.meta.url);
  load('node:http');
  load('pg');
  createRequire(load.resolve('pg'))('pg-pool');
}

/** Creates a logger that reports each problem of OpenTelemetry once, without its JSON: OpenTelemetry repeats a problem with each batch of spans. */
function eachOnce(report: (problem: string) => void): DiagLogger {
  const reported = new Set<string>();
  const log = (problem: string): void => {
    const [, message = problem] = /"message":"((?:[^"\\]|\\.)*)"/.exec(problem) ?? [];
    if (!reported.has(message)) {
      reported.add(message);
      report(message);
    }
  };
  return { error: log, warn: log, info: () => undefined, debug: () => undefined, verbose: () => undefined };
}
