// A receiver of OTLP/HTTP in JSON, on a real socket, for the shop's tests: it keeps every span
// and log record and wakes those who wait for something to have arrived.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** A span as it arrived, with its resource's service and process. */
export interface ReceivedSpan {
  service: string;
  pid: number;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** OTLP numbers: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  /** OTLP numbers: 0 unset, 1 ok, 2 error. */
  status: number;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  events: string[];
}

/** A log record as it arrived. */
export interface ReceivedLog {
  service: string;
  traceId: string;
  spanId: string;
  severity: string;
  body: string;
}

interface KeyValue {
  key: string;
  value: Record<string, unknown>;
}

interface Block {
  resource: { attributes: KeyValue[] };
  scopeSpans?: { spans: JsonSpan[] }[];
  scopeLogs?: { logRecords: JsonLog[] }[];
}

interface JsonSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status?: { code?: number };
  attributes?: KeyValue[];
  links?: { traceId: string; spanId: string }[];
  events?: { name: string }[];
}

interface JsonLog {
  traceId?: string;
  spanId?: string;
  severityText?: string;
  body?: { stringValue?: string };
}

function plain(list: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** The receiver; `endpoint` is its base URL. */
export class Receiver {
  readonly spans: ReceivedSpan[] = [];
  readonly logs: ReceivedLog[] = [];
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const body = request.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw;
    this.#take(JSON.parse(body.toString("utf8")));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
    for (const check of this.#waiting) check();
  }

  /** Starts on a free loopback port. */
  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    await new Promise<void>((done) => receiver.#server.listen(0, "127.0.0.1", done));
    return receiver;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with what `look` finds, as soon as it finds something. */
  async until<T>(look: (receiver: Receiver) => T | undefined): Promise<T> {
    const now = look(this);
    if (now !== undefined) return now;
    return new Promise((resolve) => {
      const check = (): void => {
        const found = look(this);
        if (found === undefined) return;
        this.#waiting.delete(check);
        resolve(found);
      };
      this.#waiting.add(check);
    });
  }

  /** The spans of each trace. */
  traces(): Map<string, ReceivedSpan[]> {
    return Map.groupBy(this.spans, ({ traceId }) => traceId);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((done) => this.#server.close(() => done()));
  }

  #take(request: { resourceSpans?: Block[]; resourceLogs?: Block[] }): void {
    for (const block of [...(request.resourceSpans ?? []), ...(request.resourceLogs ?? [])]) {
      const resource = plain(block.resource.attributes);
      const service = String(resource["service.name"]);
      const pid = Number(resource["process.pid"]);
      for (const span of (block.scopeSpans ?? []).flatMap(({ spans }) => spans)) {
        this.spans.push({
          service,
          pid,
          traceId: span.traceId,
          spanId: span.spanId,
          parentSpanId: span.parentSpanId ?? "",
          name: span.name,
          kind: span.kind,
          status: span.status?.code ?? 0,
          attributes: plain(span.attributes),
          links: span.links ?? [],
          events: (span.events ?? []).map(({ name }) => name),
        });
      }
      for (const record of (block.scopeLogs ?? []).flatMap(({ logRecords }) => logRecords)) {
        this.logs.push({
          service,
          traceId: record.traceId ?? "",
          spanId: record.spanId ?? "",
          severity: record.severityText ?? "",
          body: record.body?.stringValue ?? "",
        });
      }
    }
  }
}
