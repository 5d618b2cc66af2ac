// OTLP/gRPC over real sockets, against a sink in memory: codes, trailers, limits and compression.

import http2 from "node:http2";
import zlib from "node:zlib";
import { ClewError } from "@clew/base";
import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, test, vi } from "vitest";
import { InMemorySink } from "./in-memory-sink.ts";
import type { ReceiverOptions } from "./receiver-options.ts";
import { type Receivers, startReceivers } from "./receivers.ts";

const TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
const METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const PROFILES = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";

let running: Receivers | undefined;
let sink = new InMemorySink();
let client: Client | undefined;
let session: http2.ClientHttp2Session | undefined;

async function start(options: Partial<ReceiverOptions> = {}, channel: object = {}): Promise<void> {
  sink = new InMemorySink();
  running = await startReceivers({ host: "127.0.0.1", grpcPort: -1, ...options }, sink);
  const creds = credentials.createInsecure();
  client = new Client(`127.0.0.1:${running.grpcPort}`, creds, channel);
}

const idle = (): void => undefined;

afterEach(async () => {
  client?.close();
  session?.destroy();
  session = undefined;
  await running?.stop(0);
});

const asIs = (bytes: Buffer): Buffer => bytes;

function call(
  path: string,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): Promise<Buffer> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    client?.makeUnaryRequest(
      path,
      asIs,
      asIs,
      Buffer.from(body),
      metadata,
      {},
      (error, response) => {
        if (error) reject(error);
        else resolve(response as Buffer);
      },
    );
  });
}

async function refusal(
  path: string,
  body: Uint8Array | string,
  headers = {},
): Promise<ServiceError> {
  try {
    await call(path, body, headers);
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("the call was not refused");
}

function detailsOf(error: ServiceError): string {
  return String(error.metadata.get("grpc-status-details-bin")[0]);
}

interface RawAnswer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailersOnly: boolean;
  readonly trailers: http2.IncomingHttpHeaders;
}

/** A call by hand, for what the client library will not send. */
function rawCall(frames: Uint8Array, headers: Record<string, string> = {}): Promise<RawAnswer> {
  session ??= http2.connect(`http://127.0.0.1:${running?.grpcPort}`);
  const type = { "content-type": "application/grpc", te: "trailers" };
  const stream = session.request({ ":method": "POST", ":path": TRACES, ...type, ...headers });
  return new Promise((resolve, reject) => {
    let answer: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders = {};
    let trailersOnly = false;
    stream.on("response", (received, flags) => {
      answer = received;
      trailersOnly = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    });
    stream.on("trailers", (received) => {
      trailers = received;
    });
    stream.on("error", reject);
    stream.on("close", () => resolve({ headers: answer, trailersOnly, trailers }));
    stream.resume();
    stream.end(frames);
  });
}

function frame(message: Uint8Array, compressed: boolean): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(compressed ? 1 : 0, 0);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

describe("a call that is taken", () => {
  test("reaches the sink as bytes, with its signal and tenant", async () => {
    await start();
    expect((await call(TRACES, "spans")).length).toBe(0);
    await call(LOGS, "records", { "x-scope-orgid": "team-a" });
    await call(LOGS, "", { "x-clew-tenant": "team-b" });
    expect(sink.texts).toEqual(["spans", "records", ""]);
    const seen = sink.requests.map(({ signal, tenant, encoding }) => [signal, tenant, encoding]);
    expect(seen).toEqual([
      ["traces", "default", "protobuf"],
      ["logs", "team-a", "protobuf"],
      ["logs", "team-b", "protobuf"],
    ]);
    expect(running?.stats.requests).toEqual({ "traces/grpc/OK": 1, "logs/grpc/OK": 2 });
  });

  test("may be partly refused", async () => {
    await start();
    sink.respond = () => Promise.resolve({ rejected: 2, message: "2 spans have no trace id" });
    expect(String(await call(TRACES, "spans"))).toContain("2 spans have no trace id");
  });

  test("may be compressed by the client library", async () => {
    for (const algorithm of [1, 2]) {
      await start({}, { "grpc.default_compression_algorithm": algorithm });
      const body = Buffer.alloc(500_000, "span ");
      await call(TRACES, body);
      expect(body.equals(sink.requests[0]?.body as Uint8Array)).toBe(true);
      client?.close();
      await running?.stop(0);
    }
  });

  test("may be compressed with zstd", async () => {
    await start();
    const message = zlib.zstdCompressSync(Buffer.from("spans"));
    const answer = await rawCall(frame(message, true), { "grpc-encoding": "zstd" });
    expect(answer.trailers["grpc-status"]).toBe("0");
    expect(sink.texts).toEqual(["spans"]);
  });

  test("may arrive byte by byte in a hundred concurrent streams", async () => {
    await start();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => call(TRACES, `span ${i}`)),
    );
    expect(answers).toHaveLength(100);
    expect(new Set(sink.texts).size).toBe(100);
  });
});

describe("a call that is refused", () => {
  test("as malformed is INVALID_ARGUMENT with a BadRequest", async () => {
    await start();
    sink.respond = () => Promise.reject(new ClewError("malformed_payload", "truncated at byte 7"));
    const error = await refusal(TRACES, "x");
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, "truncated at byte 7"]);
    expect(detailsOf(error)).toContain("google.rpc.BadRequest");
    expect(detailsOf(error)).toContain("truncated at byte 7");
  });

  test("for now has a RetryInfo, whatever the reason", async () => {
    await start();
    const reasons: [Error, status][] = [
      [new ClewError("overloaded", "queue is full"), status.RESOURCE_EXHAUSTED],
      [new ClewError("unavailable", "the disk is full"), status.UNAVAILABLE],
      [new Error("secret path"), status.UNAVAILABLE],
    ];
    for (const [reason, code] of reasons) {
      sink.respond = () => Promise.reject(reason);
      const error = await refusal(TRACES, "x");
      expect(error.code).toBe(code);
      expect(detailsOf(error)).toContain("google.rpc.RetryInfo");
      expect(error.details).not.toContain("secret");
    }
  });

  test("while the sink is over its budget is not read", async () => {
    await start();
    sink.freeBytes = 0;
    const error = await refusal(TRACES, Buffer.alloc(1 << 20));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(detailsOf(error)).toContain("google.rpc.RetryInfo");
    expect(running?.stats.bodyBytes.grpc).toBe(0);
  });

  test("is answered in the trailers only", async () => {
    await start();
    sink.respond = () => Promise.reject(new ClewError("unavailable", "the disk is full"));
    const answer = await rawCall(frame(Buffer.from("x"), false));
    expect(answer.trailersOnly).toBe(true);
    expect(answer.headers[":status"]).toBe(200);
    expect(answer.headers["grpc-status"]).toBe("14");
    expect(answer.headers["grpc-status-details-bin"]).toBeTruthy();
  });

  test("learns how to turn metrics and profiles off", async () => {
    await start();
    const metrics = await refusal(METRICS, "x");
    expect(metrics.code).toBe(status.UNIMPLEMENTED);
    expect(metrics.details).toContain("turn the metrics exporter off");
    const profiles = await refusal(PROFILES, "x");
    expect([profiles.code, profiles.details]).toEqual([
      status.UNIMPLEMENTED,
      expect.stringContaining("profiles are not stored"),
    ]);
    expect((await refusal("/other.Service/Export", "x")).code).toBe(status.UNIMPLEMENTED);
  });

  test("for its coding learns which there are", async () => {
    await start();
    const answer = await rawCall(frame(Buffer.from("x"), true), { "grpc-encoding": "snappy" });
    expect(answer.headers["grpc-status"]).toBe("12");
    expect(answer.headers["grpc-accept-encoding"]).toBe("identity,gzip,deflate,zstd");
    expect(decodeURIComponent(String(answer.headers["grpc-message"]))).toContain(
      "gzip, deflate, zstd",
    );
  });

  test("for its tenant name is INVALID_ARGUMENT", async () => {
    await start();
    const error = await refusal(TRACES, "x", { "x-clew-tenant": "a/b" });
    expect([error.code, error.details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining("1 to 64"),
    ]);
  });

  test("for tenant headers that disagree is INVALID_ARGUMENT", async () => {
    await start();
    const error = await refusal(TRACES, "x", { "x-clew-tenant": "a", "x-scope-orgid": "b" });
    expect([error.code, error.details]).toEqual([
      status.INVALID_ARGUMENT,
      expect.stringContaining("disagree"),
    ]);
    await call(TRACES, "x", { "x-clew-tenant": "a", "x-scope-orgid": "a" });
    expect(sink.requests.map((request) => request.tenant)).toEqual(["a"]);
  });
});

describe("limits", () => {
  test("a message over the limit is RESOURCE_EXHAUSTED for good, compressed or not", async () => {
    for (const algorithm of [0, 2]) {
      await start({ maxBodyBytes: 100_000 }, { "grpc.default_compression_algorithm": algorithm });
      await call(TRACES, Buffer.alloc(100_000));
      const error = await refusal(TRACES, Buffer.alloc(100_001));
      expect([error.code, error.details]).toEqual([
        status.RESOURCE_EXHAUSTED,
        expect.stringContaining("larger than 100000 bytes"),
      ]);
      expect(detailsOf(error)).not.toContain("RetryInfo");
      await call(TRACES, "the next one is fine");
      client?.close();
      await running?.stop(0);
    }
  });

  test("corrupt compression is INVALID_ARGUMENT", async () => {
    await start();
    const good = zlib.gzipSync(Buffer.alloc(1000, "span "));
    for (const bad of [good.subarray(0, -1), Buffer.from("nonsense")]) {
      const answer = await rawCall(frame(bad, true), { "grpc-encoding": "gzip" });
      expect(answer.headers["grpc-status"]).toBe("3");
    }
    expect(sink.requests).toEqual([]);
  });

  test("calls that together hold more than the budget are put off, not taken", async () => {
    await start({ maxBodyBytes: 1000, maxReadingBytes: 2000 });
    session = http2.connect(`http://127.0.0.1:${running?.grpcPort}`);
    const headers = {
      ":method": "POST",
      ":path": TRACES,
      "content-type": "application/grpc",
      te: "trailers",
    };
    const slow = [session.request(headers), session.request(headers)];
    const message = frame(Buffer.alloc(1000, "x"), false);
    for (const stream of slow) stream.write(message.subarray(0, 990));
    await vi.waitFor(() => expect(running?.stats.readingBytes).toBe(1980));
    const error = await refusal(TRACES, Buffer.alloc(100));
    expect(error.code).toBe(status.RESOURCE_EXHAUSTED);
    expect(detailsOf(error)).toContain("google.rpc.RetryInfo");
    for (const stream of slow) stream.end(message.subarray(990));
    await vi.waitFor(() => expect(sink.requests).toHaveLength(2));
    await call(TRACES, Buffer.alloc(100));
    expect(running?.stats.readingBytes).toBe(0);
  });

  test("a sender that stalls is told so after the time-out and holds nothing", async () => {
    await start({ requestTimeoutMs: 100 });
    session = http2.connect(`http://127.0.0.1:${running?.grpcPort}`);
    const headers = {
      ":method": "POST",
      ":path": TRACES,
      "content-type": "application/grpc",
      te: "trailers",
    };
    const stream = session.request(headers);
    stream.write(frame(Buffer.alloc(100), false).subarray(0, 50));
    const answer = await new Promise<http2.IncomingHttpHeaders>((resolve) =>
      stream.on("response", resolve),
    );
    expect(answer["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    await vi.waitFor(() =>
      expect(running?.stats).toMatchObject({ readingBytes: 0, inFlight: { grpc: 0 } }),
    );
  });

  test("a sender that leaves in the middle of its message is forgotten", async () => {
    await start();
    session = http2.connect(`http://127.0.0.1:${running?.grpcPort}`);
    const headers = {
      ":method": "POST",
      ":path": TRACES,
      "content-type": "application/grpc",
      te: "trailers",
    };
    const stream = session.request(headers);
    stream.write(frame(Buffer.alloc(100), false).subarray(0, 50));
    await vi.waitFor(() => expect(running?.stats.readingBytes).toBe(50));
    session.destroy();
    await vi.waitFor(() => expect(running?.stats.requests).toEqual({ "traces/grpc/aborted": 1 }));
    expect(running?.stats).toMatchObject({ readingBytes: 0, inFlight: { grpc: 0 } });
  });
});

describe("starting and stopping", () => {
  test("a port in use is an error that names the setting, and leaves no receiver behind", async () => {
    await start();
    const port = running?.grpcPort as number;
    const both = { host: "127.0.0.1", httpPort: 5290, grpcPort: port };
    for (let i = 0; i < 2; i++) {
      await expect(startReceivers(both, sink)).rejects.toMatchObject({
        code: "bad_config",
        message: `port ${port} is in use`,
        hint: expect.stringContaining("CLEW_OTLP_GRPC_PORT"),
      });
    }
  });

  test("stopping waits for a call in flight, and takes no new connection", async () => {
    await start();
    let finish = idle;
    sink.respond = () =>
      new Promise((resolve) => {
        finish = () => resolve({ rejected: 0, message: undefined });
      });
    const answer = call(TRACES, "x");
    await vi.waitFor(() => expect(sink.requests).toHaveLength(1));
    const stopped = running?.stop(10_000);
    finish();
    expect((await answer).length).toBe(0);
    await stopped;
    expect((await refusal(TRACES, "y")).code).toBe(status.UNAVAILABLE);
  });

  test("stopping cuts what is not done after the grace time", async () => {
    await start();
    sink.respond = () => new Promise(() => undefined);
    const answer = refusal(TRACES, "x");
    await vi.waitFor(() => expect(sink.requests).toHaveLength(1));
    await running?.stop(20);
    expect([status.CANCELLED, status.UNAVAILABLE]).toContain((await answer).code);
  });
});
