// Takes in the spans of a test: an OTLP/HTTP receiver on a port of its own, for this process and for the
// services that a test starts. Also the place where an assertion waits for more.

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { clearTimeout, setTimeout } from "node:timers";
import { gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { decodeTraces, decodeTracesJson, spanFacts } from "@clew/codec";
import { SpanBatch, type SpanFacts } from "@clew/model";

const MAX_BODY_BYTES = 64 * 1024 * 1024;

const decompress: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  identity: (body) => body,
  gzip: (body) => gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES }),
  deflate: (body) => inflateSync(body, { maxOutputLength: MAX_BODY_BYTES }),
  zstd: (body) => zstdDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES }),
};

/** The tracer of this process. */
export interface RecordedTracer {
  /** Sends what is in hand. */
  flush(): Promise<unknown>;
  /** Lets it send here no more. */
  stop(): void;
}

/** A receiver, and what it has received. */
export class TraceRecorder {
  readonly #server: Server;
  readonly #spans: SpanFacts[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #tracer: RecordedTracer;

  private constructor(server: Server, tracer: RecordedTracer) {
    this.#server = server;
    this.#tracer = tracer;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async listen(tracer: RecordedTracer): Promise<TraceRecorder> {
    const server = createServer();
    const recorder = new TraceRecorder(server, tracer);
    server.on("request", (request, response) => void recorder.#take(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // The receiver alone is no reason for a test process to live on.
    server.unref();
    return recorder;
  }

  /** Base URL of the receiver. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Environment for services that the test starts, so that their spans arrive here soon. */
  get env(): Readonly<Record<string, string>> {
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: this.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_TRACES_SAMPLER: "always_on",
      OTEL_BSP_SCHEDULE_DELAY: "50",
    };
  }

  /** All spans so far, in the order in which they arrived. */
  get spans(): readonly SpanFacts[] {
    return this.#spans;
  }

  /** Forgets all spans: for between two tests. What this process has in hand is sent first, and forgotten too. */
  async clear(): Promise<void> {
    await this.#tracer.flush();
    this.#spans.length = 0;
  }

  /**
   * Resolves to what `find` gives for the spans, as soon as it is not undefined; asked again whenever spans
   * arrive. Resolves to undefined after `timeoutMs`.
   */
  async waitFor<T>(
    find: (spans: readonly SpanFacts[]) => T | undefined,
    timeoutMs: number,
  ): Promise<T | undefined> {
    await this.#tracer.flush();
    const found = find(this.#spans);
    if (found !== undefined) return found;
    return await new Promise((resolve, reject) => {
      const end = (result: T | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(again);
        resolve(result);
      };
      const again = (): void => {
        try {
          const result = find(this.#spans);
          if (result !== undefined) end(result);
        } catch (error) {
          reject(error);
          end(undefined);
        }
      };
      const timer = setTimeout(() => end(undefined), timeoutMs);
      this.#waiting.add(again);
    });
  }

  /** Closes the receiver. */
  async stop(): Promise<void> {
    await this.#tracer.flush();
    this.#tracer.stop();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const type = request.headers["content-type"] ?? "";
    try {
      const raw = await buffer(request);
      const body = decompress[request.headers["content-encoding"] ?? "identity"]?.(raw);
      if (request.url === "/v1/traces" && body !== undefined) this.#keep(body, type);
      response.writeHead(body === undefined ? 415 : 200, { "content-type": type });
      response.end(type.startsWith("application/json") ? "{}" : "");
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
    for (const wake of this.#waiting) wake();
  }

  #keep(body: Uint8Array, type: string): void {
    const batch = new SpanBatch();
    batch.beginRequest("default", 0);
    if (type.startsWith("application/json")) decodeTracesJson(body, batch);
    else decodeTraces(body, batch);
    const { port } = this.#server.address() as AddressInfo;
    // Where the receiver runs beside a tracer, its own requests are traced too.
    const own = BigInt(port);
    const others = spanFacts(batch).filter(({ attributes }) => attributes["server.port"] !== own);
    this.#spans.push(...others);
  }
}
