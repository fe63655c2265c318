import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
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

/** How long spans that are not sent yet are waited for at the end, in ms: no collector may keep the process from ending in order. */
const FLUSH_MS = 2000;
/** The statements of a change are long, and have a name. */
const ATTRIBUTE_LENGTH = 1024;

/**
 * Starts OpenTelemetry: from now on each callback is a trace, its statements below it. Where spans go to, and what else the standard
 * variables say, its SDK reads. Import this only where traces are wanted.
 * @returns sends what is not sent yet, and ends
 */
export function startTracing(logger: Logger): () => Promise<void> {
  const tell = onceEach((problem) => logger.warn({ context: 'Tracing' }, `OpenTelemetry: ${problem}`));
  diag.setLogger(tell, { logLevel: DiagLogLevel.WARN });
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
    const flushed = provider.shutdown().catch(() => undefined); // it has said why
    return Promise.race([flushed, sleep(FLUSH_MS, undefined, { ref: false })]);
  };
}

const isCallback = ({ method, url = '' }: IncomingMessage): boolean =>
  method === 'POST' && /\/callback\//i.test(url);

/** A query under /callback means nothing, and may be a token that somebody put into the wrong place; so may a part of the path. */
const withoutSecrets = ({ url = '' }: IncomingMessage): Attributes => ({
  'url.path': maskedPath(url),
  'url.query': undefined,
});

/** Names the span of a callback by its route, and says of it what the log says. */
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
 * The instrumentations patch prototypes as these modules are required, also where they are loaded already; what is imported as an ES
 * module they do not see.
 */
function patch(): void {
  const load = createRequire(import.meta.url);
  load('node:http');
  load('pg');
  createRequire(load.resolve('pg'))('pg-pool');
}

/** OpenTelemetry's own problems, in words: it says an error as JSON. What cannot be sent comes again all the time: one line is enough. */
function onceEach(say: (problem: string) => void): DiagLogger {
  const said = new Set<string>();
  const tell = (problem: string): void => {
    const [, message = problem] = /"message":"((?:[^"\\]|\\.)*)"/.exec(problem) ?? [];
    if (!said.has(message)) {
      said.add(message);
      say(message);
    }
  };
  return { error: tell, warn: tell, info: () => undefined, debug: () => undefined, verbose: () => undefined };
}
