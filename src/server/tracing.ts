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

/** Time to send the last spans at the end of the process, in ms: a collector must not delay it. */
const FLUSH_MS = 2000;
/** Limit of attributes: the statements of a change are long, and have names. */
const ATTRIBUTE_LENGTH = 1024;

/**
 * Starts OpenTelemetry: from now on each callback is a trace with its statements. Its SDK reads the standard variables. Import this file only
 * where traces are enabled.
 * @returns sends the last spans and stops
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

/** A query under /callback has no meaning, and may be a token in the wrong place; so may a part of the path. */
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
 * Requires the instrumented modules: the instrumentations patch them then, also where they are loaded already. They do not see imports of ES
 * modules.
 */
function patch(): void {
  const load = createRequire(import.meta.url);
  load('node:http');
  load('pg');
  createRequire(load.resolve('pg'))('pg-pool');
}

/** Reports each problem of OpenTelemetry once, without its JSON: spans that cannot be sent are reported again all the time. */
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
