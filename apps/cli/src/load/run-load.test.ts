import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { decodeTraces } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import { Server as GrpcServer, Metadata, ServerCredentials, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { AckedLog, parseAckedLog } from "./acked-log.ts";
import { expectedBatch, listSpans } from "./expected.ts";
import { completeOptions, type LoadOptions, planOf } from "./load-options.ts";
import { runLoad } from "./run-load.ts";

type Answer = (body: Buffer, response: ServerResponse, request: IncomingMessage) => void;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function accept(_body: Buffer, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
}

/** A collector on a real socket; `answer` decides what each request gets. */
async function collector(answer: Answer): Promise<{ endpoint: string; server: Server }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => answer(Buffer.concat(chunks), response, request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const small: Partial<LoadOptions> = {
  transport: "http",
  spans: 3000,
  batch: 100,
  workers: 0,
  concurrency: 3,
};

describe("runLoad over HTTP", () => {
  it("sends exactly the spans of the plan and reports what was acknowledged", async () => {
    const bodies: Buffer[] = [];
    const { endpoint } = await collector((body, response) => {
      bodies.push(body);
      accept(body, response);
    });
    const report = await runLoad({ ...small, endpoint });
    const columns = new SpanBatch();
    columns.beginRequest("default", 0);
    for (const body of bodies) decodeTraces(body, columns);
    expect(columns.length).toBe(3000);
    expect(report).toMatchObject({
      acknowledgedSpans: 3000,
      requests: bodies.length,
      failedRequests: 0,
      retries: 0,
    });
    expect(report.latencyMs.p50).toBeGreaterThan(0);
    expect(report.latencyMs.max).toBeGreaterThanOrEqual(report.latencyMs.p99);
  });

  it("gives the same spans whatever the number of threads", async () => {
    const seen = async (workers: number): Promise<string[]> => {
      const ids: string[] = [];
      const { endpoint } = await collector((body, response) => {
        ids.push(...listSpans(body).map((span) => span.traceId + span.spanId));
        accept(body, response);
      });
      // Requests of 2 spans make blocks of 40,000 spans: this run has two.
      await runLoad({ ...small, batch: 2, spans: 41_000, endpoint, workers });
      return ids.sort();
    };
    expect(await seen(2)).toEqual(await seen(0));
  });

  it("sends the same bytes again after 503, not before Retry-After has passed", async () => {
    const attempts: { body: Buffer; at: number }[] = [];
    const { endpoint } = await collector((body, response) => {
      attempts.push({ body, at: performance.now() });
      if (attempts.length === 1) response.writeHead(503, { "retry-after": "1" }).end();
      else accept(body, response);
    });
    const report = await runLoad({ ...small, concurrency: 1, spans: 100, batch: 200, endpoint });
    const [first, second] = attempts;
    expect(second?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1000);
    expect(report).toMatchObject({
      acknowledgedSpans: 100,
      retries: 1,
      retryReasons: { "HTTP 503": 1 },
    });
  });

  it("repeats after a connection that breaks in the middle and after an overloaded answer", async () => {
    let requests = 0;
    const { endpoint } = await collector((body, response, request) => {
      requests++;
      if (requests === 2) request.socket.destroy();
      else if (requests === 4) response.writeHead(429).end();
      else accept(body, response);
    });
    const report = await runLoad({ ...small, concurrency: 1, endpoint });
    expect(report).toMatchObject({ acknowledgedSpans: 3000, retries: 2, failedRequests: 0 });
  });

  it("gives a refused request up and goes on with the next", async () => {
    let requests = 0;
    const { endpoint } = await collector((body, response) => {
      if (++requests === 1) response.writeHead(400, { "content-type": "text/plain" }).end("no");
      else accept(body, response);
    });
    const report = await runLoad({ ...small, concurrency: 1, endpoint });
    expect(report.failedRequests).toBe(1);
    expect(report.acknowledgedSpans + report.failedSpans).toBe(3000);
    expect(report.lastError).toBe("HTTP 400 no");
    expect(report.retries).toBe(0);
  });

  it("gives up a server that is not there after the time allowed", async () => {
    const unused = createTcpServer();
    await new Promise<void>((resolve) => unused.listen(0, "127.0.0.1", resolve));
    const port = (unused.address() as AddressInfo).port;
    await new Promise((resolve) => unused.close(resolve));
    const report = await runLoad({
      ...small,
      spans: 50,
      batch: 5000,
      endpoint: `http://127.0.0.1:${port}`,
      concurrency: 40,
      giveUpAfterMs: 300,
    });
    expect(report.acknowledgedSpans).toBe(0);
    expect(report.failedSpans).toBe(50);
    expect(report.retryReasons["ECONNREFUSED"]).toBeGreaterThan(0);
  });

  it("counts spans that a partial success rejected", async () => {
    // ExportTraceServiceResponse { partial_success { rejected_spans: 7, error_message: "old" } }
    const partial = Buffer.from([0x0a, 7, 0x08, 7, 0x12, 3, 0x6f, 0x6c, 0x64]);
    const { endpoint } = await collector(
      (_body, response) => void response.writeHead(200).end(partial),
    );
    const report = await runLoad({ ...small, spans: 50, batch: 5000, endpoint });
    expect(report.rejectedSpans).toBe(7 * report.requests);
    expect(report.acknowledgedSpans).toBe(50 - report.rejectedSpans);
    expect(report.lastError).toBe("old");
  });

  it("sends gzip, JSON and the tenant when asked to", async () => {
    const seen: { type: string; encoding: string; tenant: string; start: string }[] = [];
    const { endpoint } = await collector((body, response, { headers }) => {
      seen.push({
        type: String(headers["content-type"]),
        encoding: String(headers["content-encoding"]),
        tenant: String(headers["x-scope-orgid"]),
        start: gunzipSync(body).toString("utf8", 0, 18),
      });
      accept(body, response);
    });
    await runLoad({
      ...small,
      spans: 100,
      transport: "json",
      gzip: true,
      tenant: "north",
      endpoint,
    });
    expect(seen[0]).toEqual({
      type: "application/json",
      encoding: "gzip",
      tenant: "north",
      start: '{"resourceSpans":[',
    });
  });

  it("acts as many small senders, each with a connection of its own", async () => {
    const ports = new Set<number | undefined>();
    let most = 0;
    const { endpoint } = await collector((body, response, request) => {
      ports.add(request.socket.remotePort);
      most = Math.max(most, listSpans(body).length);
      accept(body, response);
    });
    const report = await runLoad({
      ...small,
      endpoint,
      senders: 12,
      batch: 5,
      spans: 300,
      intervalMs: 5,
    });
    expect(report.acknowledgedSpans).toBe(300);
    expect(ports.size).toBe(12);
    expect(most).toBe(5);
  });

  it("holds the rate asked for", async () => {
    const { endpoint } = await collector(accept);
    const report = await runLoad({ ...small, endpoint, rate: 6000, spans: 3000, batch: 50 });
    // The last request is due just before the half second that 3000 spans at 6000/s take.
    expect(report.seconds).toBeGreaterThan(0.4);
    expect(report.spansPerSecond).toBeLessThan(7500);
  });

  it("stops when its caller aborts, with a report of what was acknowledged", async () => {
    const interrupt = new AbortController();
    const { endpoint } = await collector(accept);
    const report = await runLoad(
      { ...small, spans: undefined, endpoint },
      { signal: interrupt.signal, onAcked: ({ sequence }) => sequence > 40 && interrupt.abort() },
    );
    expect(report.acknowledgedSpans).toBeGreaterThan(0);
    expect(report.unansweredRequests).toBe(0);
  });

  it("leaves a report from which every acknowledged request can be made again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clew-load-"));
    closers.push(() => rmSync(folder, { recursive: true }));
    const bodies = new Map<string, Buffer>();
    const { endpoint } = await collector((body, response) => {
      bodies.set(listSpans(body)[0]?.spanId ?? "", body);
      accept(body, response);
    });
    const options = { ...small, endpoint };
    const log = new AckedLog(join(folder, "acked.jsonl"), planOf(completeOptions(options)));
    await runLoad(options, { onAcked: (request) => log.add(request) });
    log.close();
    const { plan, requests } = parseAckedLog(readFileSync(join(folder, "acked.jsonl"), "utf8"));
    expect(requests.reduce((sum, request) => sum + request.spans, 0)).toBe(3000);
    for (const { sequence, baseNano } of requests) {
      const { payload } = expectedBatch(plan, sequence, BigInt(baseNano));
      const arrived = bodies.get(listSpans(payload)[0]?.spanId ?? "");
      expect(arrived?.equals(payload)).toBe(true);
    }
  });
});

describe("runLoad over gRPC", () => {
  const bytes = (value: Buffer): Buffer => value;

  async function grpcCollector(
    answers: readonly number[],
    retryInfo?: Buffer,
  ): Promise<{ endpoint: string; bodies: Buffer[] }> {
    const bodies: Buffer[] = [];
    const server = new GrpcServer({ "grpc.max_receive_message_length": -1 });
    const method = {
      path: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    };
    server.addService(
      { Export: method },
      {
        Export: (
          call: { request: Buffer },
          callback: (
            error: { code: number; details: string; metadata: Metadata } | null,
            value?: Buffer,
          ) => void,
        ) => {
          const code = answers[bodies.length] ?? status.OK;
          bodies.push(call.request);
          const metadata = new Metadata();
          if (retryInfo !== undefined) metadata.set("grpc-status-details-bin", retryInfo);
          if (code === status.OK) callback(null, Buffer.alloc(0));
          else callback({ code, details: "busy", metadata });
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    closers.push(() => server.forceShutdown());
    return { endpoint: `http://127.0.0.1:${port}`, bodies };
  }

  it("sends the spans of the plan, gzip included", async () => {
    const { endpoint, bodies } = await grpcCollector([]);
    const report = await runLoad({ ...small, transport: "grpc", gzip: true, endpoint });
    expect(report.acknowledgedSpans).toBe(3000);
    expect(bodies.flatMap((body) => listSpans(body)).length).toBe(3000);
  });

  it("repeats after UNAVAILABLE and gives INVALID_ARGUMENT up", async () => {
    const { endpoint, bodies } = await grpcCollector([
      status.UNAVAILABLE,
      status.OK,
      status.INVALID_ARGUMENT,
    ]);
    const report = await runLoad({ ...small, transport: "grpc", concurrency: 1, endpoint });
    expect(bodies[1]?.equals(bodies[0] ?? Buffer.alloc(0))).toBe(true);
    expect(report).toMatchObject({
      retries: 1,
      failedRequests: 1,
      lastError: "INVALID_ARGUMENT: busy",
    });
  });

  it("repeats after RESOURCE_EXHAUSTED only with RetryInfo, and no sooner than that says", async () => {
    const type = Buffer.from("type.googleapis.com/google.rpc.RetryInfo");
    const delay = Buffer.from([0x0a, 5, 0x10, 0x80, 0x84, 0xaf, 0x5f]); // 200,000,000 ns
    const any = Buffer.concat([
      Buffer.from([0x0a, type.length]),
      type,
      Buffer.from([0x12, delay.length]),
      delay,
    ]);
    const info = Buffer.concat([Buffer.from([0x1a, any.length]), any]);
    const told = await grpcCollector([status.RESOURCE_EXHAUSTED], info);
    const startMs = performance.now();
    const patient = await runLoad({
      ...small,
      transport: "grpc",
      spans: 50,
      batch: 5000,
      concurrency: 1,
      endpoint: told.endpoint,
    });
    expect(patient).toMatchObject({ acknowledgedSpans: 50, retries: 1 });
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
    const untold = await grpcCollector([status.RESOURCE_EXHAUSTED]);
    const refused = await runLoad({
      ...small,
      transport: "grpc",
      spans: 50,
      batch: 5000,
      endpoint: untold.endpoint,
    });
    expect(refused).toMatchObject({ retries: 0, failedRequests: 1 });
  });
});
