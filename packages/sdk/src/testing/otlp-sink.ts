// An OTLP/HTTP receiver for tests: real HTTP, decoded by @clew/codec, spans as plain objects.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { decodeTraces, decodeTracesJson, encodeTracesJson } from "@clew/codec";
import { SpanBatch } from "@clew/model";

interface JsonValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number | string;
  readonly boolValue?: boolean;
  readonly bytesValue?: string;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
  readonly kvlistValue?: { readonly values?: readonly JsonAttribute[] };
}
interface JsonAttribute {
  readonly key: string;
  readonly value: JsonValue;
}
interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly flags?: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly JsonAttribute[];
  readonly droppedAttributesCount?: number;
  readonly events?: readonly { name: string; attributes?: readonly JsonAttribute[] }[];
  readonly links?: readonly { traceId: string; spanId: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}
interface JsonRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly JsonAttribute[] };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string; readonly attributes?: readonly JsonAttribute[] };
      readonly spans?: readonly JsonSpan[];
    }[];
  }[];
}

/** A span as it arrived. */
export interface ReceivedSpan extends Omit<JsonSpan, "attributes" | "events"> {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { name: string; attributes: Readonly<Record<string, unknown>> }[];
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: string;
  readonly scopeAttributes: Readonly<Record<string, unknown>>;
}

function plain(value: JsonValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue !== undefined) return plainAll(value.kvlistValue.values);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? value.bytesValue;
}

function plainAll(attributes: readonly JsonAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

/** The spans of an ExportTraceServiceRequest; throws when it is none. */
export function readSpans(body: Uint8Array, json = false): ReceivedSpan[] {
  const batch = new SpanBatch();
  const result = json ? decodeTracesJson(body, batch) : decodeTraces(body, batch);
  if (result.rejected > 0) throw new Error(result.message);
  const request = JSON.parse([...encodeTracesJson(batch)].join("")) as JsonRequest;
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [] }) =>
      spans.map((span) => ({
        ...span,
        attributes: plainAll(span.attributes),
        events: (span.events ?? []).map((event) => ({
          name: event.name,
          attributes: plainAll(event.attributes),
        })),
        resource: plainAll(resource?.attributes),
        scope: scope?.name ?? "",
        scopeAttributes: plainAll(scope?.attributes),
      })),
    ),
  );
}

/** How the sink answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const accept: Answer = (request, response) => {
  response.writeHead(200, { "content-type": request.headers["content-type"] ?? "" }).end();
};

/** A running receiver. */
export class OtlpSink {
  readonly spans: ReceivedSpan[] = [];
  readonly requests: { readonly headers: IncomingMessage["headers"]; readonly bytes: number }[] =
    [];
  /** What is answered; spans of requests that are answered otherwise than 200 do not count. */
  answer: Answer = accept;
  readonly #server = createServer((request, response) => this.#take(request, response));
  readonly #waiting = new Set<() => void>();

  static async start(port = 0): Promise<OtlpSink> {
    const sink = new OtlpSink();
    await new Promise<void>((resolve) => sink.#server.listen(port, "127.0.0.1", resolve));
    return sink;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks);
      this.requests.push({ headers: request.headers, bytes: raw.length });
      response.on("finish", () => {
        if (response.statusCode === 200) this.#keep(request, raw);
        for (const wake of this.#waiting) wake();
      });
      this.answer(request, response);
    });
  }

  #keep(request: IncomingMessage, raw: Buffer): void {
    const encoding = request.headers["content-encoding"];
    const body =
      encoding === "gzip" ? gunzipSync(raw) : encoding === "zstd" ? zstdDecompressSync(raw) : raw;
    this.spans.push(...readSpans(body, request.headers["content-type"] === "application/json"));
  }

  /** Resolves when `enough` says so; asked after each request. */
  until(enough: (sink: OtlpSink) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!enough(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Resolves to the first span of the given name. */
  async span(name: string): Promise<ReceivedSpan> {
    await this.until((sink) => sink.spans.some((span) => span.name === name));
    return this.spans.find((span) => span.name === name) as ReceivedSpan;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
