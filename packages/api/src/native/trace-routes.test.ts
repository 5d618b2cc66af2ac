// A whole trace over real sockets: its encodings, its compression, its way when the client goes away.
// Ports are the system's choice on the loopback interface.

import { once } from "node:events";
import { get as httpGet, request as httpRequest, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { ClewError } from "@clew/base";
import { decodeColumns, encodeTraces } from "@clew/codec";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { memoryTraceReader } from "./testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "./testing/shop.ts";
import { spanBatch, type TestSpan } from "./testing/spans.ts";

const open: FastifyInstance[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

function large(count: number): TestSpan[] {
  return Array.from({ length: count }, (_, i) => ({
    traceId: cartTrace,
    spanId: (i + 1).toString(16).padStart(16, "0"),
    service: "web",
    name: `step ${i}`,
    startNano: now - 60_000_000_000n + BigInt(i),
    durationNano: 1000 + i,
    attributes: { note: "x".repeat(200) },
  }));
}

async function listen(server: FastifyInstance): Promise<number> {
  open.push(server);
  await server.listen({ host: "127.0.0.1", port: 0 });
  return (server.server.address() as AddressInfo).port;
}

async function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<IncomingMessage> {
  const [response] = await once(
    httpGet({ host: "127.0.0.1", port, path, headers, agent: false }),
    "response",
  );
  return response as IncomingMessage;
}

async function body(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe("a trace", () => {
  const { server } = shop();

  test("is OTLP JSON unless asked otherwise, also for a browser", async () => {
    for (const accept of [undefined, "*/*", "text/html,application/xhtml+xml"]) {
      const headers = accept === undefined ? {} : { accept };
      const answer = await server.inject({ url: `/api/v1/traces/${payTrace}`, headers });
      expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
      expect(answer.headers["vary"]).toBe("accept, accept-encoding");
      const [span] = answer.json().resourceSpans[0].scopeSpans[0].spans;
      expect(span).toMatchObject({
        traceId: payTrace,
        name: "POST /pay",
        startTimeUnixNano: String(now - 30_000_000_000n),
      });
    }
  });

  test("is OTLP protobuf or Clew's columns when asked", async () => {
    const url = `/api/v1/traces/${cartTrace}`;
    const protobuf = await server.inject({ url, headers: { accept: "application/x-protobuf" } });
    expect(protobuf.headers["content-type"]).toBe("application/x-protobuf");
    const reader = memoryTraceReader(large(3));
    const other = shop({ reader: () => reader }).server;
    const bytes = await other.inject({ url, headers: { accept: "application/x-protobuf" } });
    expect(bytes.rawPayload).toEqual(Buffer.from(encodeTraces(spanBatch(large(3)))));
    const columns = await other.inject({
      url,
      headers: { accept: "application/vnd.clew.columns" },
    });
    expect(columns.headers["content-type"]).toBe("application/vnd.clew.columns");
    expect(decodeColumns(new Uint8Array(columns.rawPayload)).length).toBe(3);
  });

  test.each(["ca270", "CA270", cartTrace.toUpperCase()])(
    "is found by its id written %s",
    async (id) => {
      expect((await server.inject(`/api/v1/traces/${id}`)).statusCode).toBe(200);
    },
  );

  test("that is not there is 404 and says why that may be", async () => {
    const answer = await server.inject("/api/v1/traces/abc");
    expect(answer.statusCode).toBe(404);
    expect(answer.json().error).toEqual({
      code: "not_found",
      message: "there is no trace 00000000000000000000000000000abc",
      hint: "the trace may still be arriving, or its retention is over",
    });
  });

  test("has logs in time order, attribute values as OTLP JSON", async () => {
    const answer = await server.inject(`/api/v1/traces/${payTrace}/logs`);
    expect(answer.json().logs).toMatchObject([
      {
        timeUnixNano: String(now - 29_000_000_000n),
        severityNumber: 9,
        severityText: "INFO",
        service: "web",
        traceId: payTrace,
        spanId: "00000000000000b1",
        body: "card refused",
        attributes: { attempt: { intValue: "2" }, "card.kind": { stringValue: "debit" } },
      },
      { body: '{"intValue":"42"}', attributes: {} },
    ]);
    expect((await server.inject("/api/v1/traces/abc/logs")).json()).toEqual({ logs: [] });
  });
});

describe("a large trace", () => {
  const reader = memoryTraceReader(large(5000));
  const path = `/api/v1/traces/${cartTrace}`;

  test.each([
    ["gzip", gunzipSync],
    ["zstd", zstdDecompressSync],
  ])(
    "is compressed with %s when that is accepted, the same text in less",
    async (coding, decompress) => {
      const port = await listen(shop({ reader: () => reader }).server);
      const plain = await body(await ask(port, path));
      const response = await ask(port, path, { "accept-encoding": coding });
      expect(response.headers["content-encoding"]).toBe(coding);
      const compressed = await body(response);
      expect(compressed.length).toBeLessThan(plain.length / 5);
      expect(decompress(compressed).equals(plain)).toBe(true);
      expect(JSON.parse(plain.toString()).resourceSpans[0].scopeSpans[0].spans.length).toBe(5000);
    },
  );

  test("is compressed as columns too", async () => {
    const port = await listen(shop({ reader: () => reader }).server);
    const headers = { accept: "application/vnd.clew.columns", "accept-encoding": "gzip" };
    const response = await ask(port, path, headers);
    expect(response.headers["content-encoding"]).toBe("gzip");
    expect(decodeColumns(new Uint8Array(gunzipSync(await body(response)))).length).toBe(5000);
  });

  test("small answers stay as they are", async () => {
    const port = await listen(shop().server);
    const response = await ask(port, "/api/v1/health", { "accept-encoding": "gzip" });
    expect(response.headers["content-encoding"]).toBeUndefined();
    await body(response);
  });

  test("waits for a slow client: no more of it is encoded than the client and the buffers can take", async () => {
    const many = memoryTraceReader(large(40_000));
    const batch = await many.trace("default", cartTrace);
    if (batch === undefined) throw new Error("no trace");
    let encoded = 0;
    const text = batch.strings.text.bind(batch.strings);
    // Every span's name is looked up once when that span is encoded.
    const names = new Set(Array.from(batch.name.subarray(0, batch.length)));
    batch.strings.text = (id) => {
      if (names.has(id)) encoded++;
      return text(id);
    };
    const { server } = shop({ reader: () => many });
    const written = Promise.withResolvers<void>();
    server.addHook("onSend", async (_request, reply) => {
      const write = reply.raw.write.bind(reply.raw);
      reply.raw.write = ((...args: Parameters<typeof write>) => {
        const ready = write(...args);
        if (!ready) written.resolve();
        return ready;
      }) as typeof write;
    });
    const port = await listen(server);
    const response = await ask(port, path);
    response.pause();
    await written.promise;
    expect(encoded).toBeLessThan(40_000);
    const complete = await body(response);
    expect(encoded).toBe(40_000);
    expect(JSON.parse(complete.toString()).resourceSpans[0].scopeSpans[0].spans.length).toBe(
      40_000,
    );
  });
});

describe("a client that goes away", () => {
  test("cancels its query", async () => {
    const started = Promise.withResolvers<AbortSignal>();
    const reader = memoryTraceReader([]);
    reader.services = async (_query, signal) => {
      if (signal === undefined) throw new Error("no signal");
      started.resolve(signal);
      await once(signal, "abort");
      throw new ClewError("cancelled", "the query was cancelled");
    };
    const port = await listen(shop({ reader: () => reader }).server);
    const request = httpRequest({
      host: "127.0.0.1",
      port,
      path: "/api/v1/services",
      agent: false,
    });
    request.on("error", () => {});
    request.end();
    const signal = await started.promise;
    expect(signal.aborted).toBe(false);
    const aborted = once(signal, "abort");
    request.destroy();
    await aborted;
    const next = await ask(port, "/api/v1/health");
    expect(next.statusCode).toBe(200);
    await body(next);
  });

  test("after its answer is complete cancels nothing", async () => {
    const { server, reader } = shop();
    const port = await listen(server);
    const response = await ask(port, "/api/v1/services", { connection: "close" });
    await body(response);
    if (!response.socket.closed) await once(response.socket, "close");
    expect(reader.lastSignal()?.aborted).toBe(false);
  });
});
