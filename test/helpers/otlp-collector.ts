import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Span {
  traceID: string;
  spanID: string;
  parentSpanID: string;
  name: string;
  /** 2 for a server, 3 for a client. */
  kind: number;
  attributes: Record<string, unknown>;
  /** 2: error. */
  statusCode: number;
  /** Attributes of the process. */
  resource: Record<string, unknown>;
}

/** A collector of OpenTelemetry that receives spans over HTTP in protobuf (OTLP specification). */
export class OtlpCollector {
  readonly spans: Span[] = [];
  /** Number of received requests. */
  requests = 0;
  /** Whether requests stay unanswered. */
  hangs = false;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<OtlpCollector> {
    const server = createServer();
    const collector = new OtlpCollector(server);
    server.on('request', (request, response) => {
      collector.serve(request, response).catch(() => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return collector;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    this.requests += 1;
    if (!this.hangs) {
      this.spans.push(...spansOf(body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Decodes an ExportTraceServiceRequest by its field numbers (opentelemetry-proto, trace/v1/trace.proto). */
function spansOf(body: Buffer): Span[] {
  return messages(body, 1).flatMap((resourceSpans) => {
    const resource = attributes(messages(resourceSpans, 1)[0]!, 1);
    return messages(resourceSpans, 2)
      .flatMap((scopeSpans) => messages(scopeSpans, 2))
      .map((span) => ({
        traceID: id(span, 1),
        spanID: id(span, 2),
        parentSpanID: id(span, 4),
        name: String(messages(span, 5)[0]),
        kind: number(span, 6),
        attributes: attributes(span, 9),
        statusCode: messages(span, 15).reduce((_, status) => number(status, 3), 0),
        resource,
      }));
  });
}

const messages = (message: Buffer, field: number): Buffer[] =>
  [...fields(message)].filter(([key]) => key === field).map(([, value]) => value as Buffer);

const number = (message: Buffer, field: number): number =>
  Number([...fields(message)].find(([key]) => key === field)?.[1] ?? 0);

const id = (message: Buffer, field: number): string => messages(message, field)[0]?.toString('hex') ?? '';

/** KeyValue and AnyValue: the value is a text (1), a boolean (2) or a whole number (3); other types are not supported. */
const attributes = (message: Buffer, field: number): Record<string, unknown> =>
  Object.fromEntries(
    messages(message, field).map((pair) => {
      const [value] = [...fields(messages(pair, 2)[0]!)];
      return [String(messages(pair, 1)[0]), Buffer.isBuffer(value?.[1]) ? String(value[1]) : value?.[1]];
    }),
  );

/** Decodes the fields of a protobuf message: the number of each field, and its bytes or its integer. */
function* fields(message: Buffer): Generator<[number, Buffer | number]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) {
        return value;
      }
    }
  };
  const bytes = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const tag = varint();
    const wireType = tag & 7;
    const value = wireType === 0 ? varint() : bytes(wireType === 2 ? varint() : wireType === 1 ? 8 : 4);
    yield [tag >> 3, value];
  }
}
