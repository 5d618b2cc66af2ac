// Jaeger's gRPC services as a client meets them: requests and answers field by field.

import { WireWriter } from "@clew/codec";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryTraceReader } from "../../native/testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "../../native/testing/shop.ts";
import { Message } from "./message.ts";
import { type JaegerGrpcServer, startJaegerGrpc } from "./server.ts";

const { reader } = shop();
let server: JaegerGrpcServer;
let client: Client;
beforeAll(async () => {
  server = await startJaegerGrpc({
    host: "127.0.0.1",
    port: 0,
    reader: () => reader,
    now: () => now,
    onError: (error) => expect.fail(error.message),
  });
  client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await server.stop(1000);
});

const asIs = (bytes: Buffer): Buffer => bytes;

function message(fill: (writer: WireWriter) => void = () => {}): Buffer {
  const writer = new WireWriter();
  fill(writer);
  return Buffer.from(writer.finish());
}

/** A unary call, as generated clients make it. */
function unary(path: string, request: Buffer, tenant?: string): Promise<Message> {
  const metadata = new Metadata();
  if (tenant !== undefined) metadata.set("x-scope-orgid", tenant);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(`/jaeger.${path}`, asIs, asIs, request, metadata, (error, answer) => {
      if (error !== null) reject(error);
      else resolve(new Message(answer ?? Buffer.alloc(0)));
    });
  });
}

async function stream(path: string, request: Buffer): Promise<Buffer[]> {
  const call = client.makeServerStreamRequest(`/jaeger.${path}`, asIs, asIs, request);
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  return chunks;
}

async function failure(call: Promise<unknown>): Promise<{ code: number; details: string }> {
  const { code, details } = await call.then(
    () => ({ code: 0, details: "" }),
    (error: ServiceError) => error,
  );
  return { code, details };
}

function time(writer: WireWriter, tag: number, nano: bigint): void {
  const seconds = BigInt.asUintN(64, nano / 1_000_000_000n);
  const inner = writer.begin(tag);
  writer.varint(0x08);
  writer.varint64(Number(seconds & 0xffffffffn), Number(seconds >> 32n));
  writer.uintField(0x10, Number(nano % 1_000_000_000n));
  writer.end(inner);
}

function wholeSeconds(writer: WireWriter, tag: number, count: number): void {
  const inner = writer.begin(tag);
  writer.uintField(0x08, count);
  writer.end(inner);
}

/** FindTracesRequest, the same bytes in both versions. */
function search(
  service: string,
  fill: (writer: WireWriter) => void = () => {},
  start = now - 3_600_000_000_000n,
  end = now,
): Buffer {
  return message((writer) => {
    const query = writer.begin(0x0a);
    writer.textField(0x0a, service);
    time(writer, 0x22, start);
    time(writer, 0x2a, end);
    fill(writer);
    writer.end(query);
  });
}

const tag = (writer: WireWriter, key: string, value: string): void => {
  const entry = writer.begin(0x1a);
  writer.textField(0x0a, key);
  writer.textField(0x12, value);
  writer.end(entry);
};

/** Hex trace ids of SpansResponseChunk messages. */
function spansV2(chunks: readonly Buffer[]): string[] {
  return chunks.flatMap((chunk) =>
    new Message(chunk).all(1).map((span) => Buffer.from(span.bytes(1)).toString("hex")),
  );
}

/** Hex trace ids of TracesData messages. */
function spansV3(chunks: readonly Buffer[]): string[] {
  return chunks.flatMap((chunk) =>
    new Message(chunk)
      .all(1)
      .flatMap((resource) => resource.all(2))
      .flatMap((scope) => scope.all(2))
      .map((span) => Buffer.from(span.bytes(1)).toString("hex")),
  );
}

describe.each(["api_v2", "api_v3"])("%s lists", (version) => {
  const path = `${version}.QueryService`;

  test("services, those of the tenant", async () => {
    const answer = await unary(`${path}/GetServices`, message());
    expect(answer.texts(1)).toEqual(["cart", "web"]);
    expect((await unary(`${path}/GetServices`, message(), "other")).texts(1)).toEqual([]);
  });

  test("operations with their kinds", async () => {
    const request = message((writer) => {
      writer.textField(0x0a, "web");
      writer.textField(0x12, "server");
    });
    const answer = await unary(`${path}/GetOperations`, request);
    const list = answer.all(version === "api_v2" ? 2 : 1);
    expect(list.map((one) => [one.text(1), one.text(2)])).toEqual([
      ["GET /cart", "server"],
      ["POST /pay", "server"],
    ]);
    if (version === "api_v2") expect(answer.texts(1)).toEqual(["GET /cart", "POST /pay"]);
  });

  test("dependencies", async () => {
    const request = message((writer) => {
      time(writer, 0x0a, now - 3_600_000_000_000n);
      time(writer, 0x12, now);
    });
    const [link] = (await unary(`${path}/GetDependencies`, request)).all(1);
    expect([link?.text(1), link?.text(2), link?.int(3)]).toEqual(["web", "cart", 1n]);
  });
});

describe("traces", () => {
  const idV2 = (hex: string): Buffer =>
    message((writer) => writer.bytesField(0x0a, Buffer.from(hex, "hex")));
  const idV3 = (hex: string): Buffer => message((writer) => writer.textField(0x0a, hex));

  test("by id: as Jaeger spans in api_v2, as OTLP in api_v3", async () => {
    const v2 = await stream("api_v2.QueryService/GetTrace", idV2(cartTrace));
    expect(spansV2(v2)).toEqual([cartTrace, cartTrace]);
    const [span] = new Message(v2[0] as Buffer).all(1);
    expect([span?.text(3), span?.message(10).text(1)]).toEqual(["GET /cart", "web"]);
    const short = await stream("api_v2.QueryService/GetTrace", idV2(cartTrace.slice(16)));
    expect(spansV2(short)).toEqual([cartTrace, cartTrace]);
    const v3 = await stream("api_v3.QueryService/GetTrace", idV3("ca270"));
    expect(spansV3(v3)).toEqual([cartTrace, cartTrace]);
  });

  test("by a search", async () => {
    const all = search("web");
    expect(spansV2(await stream("api_v2.QueryService/FindTraces", all))).toEqual([
      payTrace,
      cartTrace,
      cartTrace,
    ]);
    const one = search("web", (writer) => {
      tag(writer, "http.route", "/pay");
      tag(writer, "error", "true");
      writer.uintField(0x40, 5);
    });
    expect(spansV3(await stream("api_v3.QueryService/FindTraces", one))).toEqual([payTrace]);
    const slow = search("web", (writer) => time(writer, 0x32, 1_000_000_000n));
    expect(spansV3(await stream("api_v3.QueryService/FindTraces", slow))).toEqual([payTrace]);
  });

  test("by a search through all times", async () => {
    const lastOf9999 = 253_402_300_799_000_000_000n;
    const all = search("web", () => {}, 0n, lastOf9999);
    for (const version of ["api_v2", "api_v3"])
      expect(await stream(`${version}.QueryService/FindTraces`, all)).not.toEqual([]);
  });

  test("by a search of api_v2 with Go's zero times, which say nothing", async () => {
    const zero = -62_135_596_800_000_000_000n;
    const found = await stream(
      "api_v2.QueryService/FindTraces",
      search("web", () => {}, zero, zero),
    );
    expect(spansV2(found)).toHaveLength(3);
    const v3 = stream(
      "api_v3.QueryService/FindTraces",
      search("web", () => {}, zero),
    );
    expect((await failure(v3)).code).toBe(3);
  });

  test("as summaries", async () => {
    const chunks = await stream("api_v3.QueryService/FindTraceSummaries", search("web"));
    const summaries = chunks.flatMap((chunk) => new Message(chunk).all(1));
    expect(summaries.map((one) => [one.text(1), one.text(3), one.int(4), one.int(6)])).toEqual([
      [payTrace, "POST /pay", now - 30_000_000_000n, 1n],
      [cartTrace, "GET /cart", now - 60_000_000_000n, 2n],
    ]);
    const services = summaries[1]?.all(9).map((one) => [one.text(1), one.int(2), one.int(3)]);
    expect(services).toEqual([
      ["cart", 1n, 0n],
      ["web", 1n, 0n],
    ]);
  });

  test("that are long come in messages that clients take", async () => {
    const text = "x".repeat(4000);
    const spans = Array.from({ length: 2500 }, (_, at) => ({
      traceId: payTrace,
      spanId: (at + 1).toString(16).padStart(16, "0"),
      service: "web",
      name: "step",
      startNano: now - 1_000_000_000n + BigInt(at),
      durationNano: 5,
      attributes: { text: `${text}${at}` },
    }));
    const long = memoryTraceReader(spans);
    const other = await startJaegerGrpc({
      host: "127.0.0.1",
      port: 0,
      reader: () => long,
      now: () => now,
      onError: (error) => expect.fail(error.message),
    });
    const to = new Client(`127.0.0.1:${other.port}`, credentials.createInsecure());
    const requests = { api_v2: idV2(payTrace), api_v3: idV3(payTrace) };
    for (const [version, request] of Object.entries(requests)) {
      const path = `/jaeger.${version}.QueryService/GetTrace`;
      const chunks: Buffer[] = [];
      for await (const chunk of to.makeServerStreamRequest(path, asIs, asIs, request))
        chunks.push(chunk as Buffer);
      expect(chunks.length).toBeGreaterThan(2);
      expect((version === "api_v2" ? spansV2 : spansV3)(chunks)).toHaveLength(2500);
    }
    to.close();
    await other.stop(1000);
  });
});

describe("errors:", () => {
  test("a trace that is not there is NOT_FOUND", async () => {
    const v2 = message((writer) => writer.bytesField(0x0a, new Uint8Array(16).fill(7)));
    const missing = { code: 5, details: "trace not found" };
    expect(await failure(stream("api_v2.QueryService/GetTrace", v2))).toEqual(missing);
    const v3 = message((writer) => writer.textField(0x0a, "77"));
    expect(await failure(stream("api_v3.QueryService/GetTrace", v3))).toEqual(missing);
  });

  test("what is malformed or missing is INVALID_ARGUMENT", async () => {
    const calls: readonly [string, Buffer, string][] = [
      ["api_v2.QueryService/GetTrace", message(), "trace_id has 0 bytes, not 8 or 16"],
      [
        "api_v3.QueryService/FindTraces",
        message(),
        "start_time_min and start_time_max are required",
      ],
      ["api_v3.QueryService/FindTraces", Buffer.from([0x0a, 0x05]), "protobuf byte"],
      [
        "api_v2.QueryService/FindTraces",
        search("web", (w) => w.uintField(0x40, 0xffffffff)),
        "out of range",
      ],
      ...["api_v2", "api_v3"].map((version): [string, Buffer, string] => [
        `${version}.QueryService/FindTraces`,
        search("web", (w) => {
          wholeSeconds(w, 0x32, 2);
          wholeSeconds(w, 0x3a, 1);
        }),
        "'duration_max' should be greater than 'duration_min'",
      ]),
    ];
    for (const [path, request, details] of calls) {
      const found = await failure(stream(path, request));
      expect([path, found.code]).toEqual([path, 3]);
      expect(found.details).toContain(details);
    }
    const operations = await failure(unary("api_v3.QueryService/GetOperations", message()));
    expect(operations).toEqual({ code: 3, details: "service is required" });
  });

  test("a structured filter and the archive are UNIMPLEMENTED", async () => {
    const filtered = search("", (writer) => writer.textField(0x52, ""));
    expect((await failure(stream("api_v3.QueryService/FindTraces", filtered))).code).toBe(12);
    expect((await failure(unary("api_v2.QueryService/ArchiveTrace", message()))).code).toBe(12);
  });
});

test("a health check is answered", async () => {
  const answer = await new Promise<Buffer | undefined>((resolve, reject) => {
    const path = "/grpc.health.v1.Health/Check";
    client.makeUnaryRequest(path, asIs, asIs, message(), (error, bytes) =>
      error === null ? resolve(bytes) : reject(error),
    );
  });
  expect(answer).toEqual(Buffer.from([0x08, 0x01]));
});

test("any bytes are a message or an error of ours", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        const read = new Message(bytes);
        read.nano(1);
        read.entries(3);
      } catch (error) {
        expect(error).toMatchObject({ code: "malformed_payload" });
      }
    }),
    { numRuns: 500 },
  );
});
