// OTLP/HTTP over real sockets, against a sink in memory: what a sender sees for each kind of request.

import http from "node:http";
import net from "node:net";
import zlib from "node:zlib";
import { ClewError } from "@clew/base";
import { afterEach, describe, expect, test, vi } from "vitest";
import { send } from "./http-client.ts";
import { InMemorySink } from "./in-memory-sink.ts";
import type { ReceiverOptions } from "./receiver-options.ts";
import { type Receivers, startReceivers } from "./receivers.ts";

const PROTOBUF = "application/x-protobuf";
const JSON_TYPE = "application/json";

let running: Receivers | undefined;
let sink = new InMemorySink();

async function start(options: Partial<ReceiverOptions> = {}): Promise<number> {
  sink = new InMemorySink();
  running = await startReceivers({ host: "127.0.0.1", httpPort: -1, ...options }, sink);
  return running.httpPort as number;
}

const idle = (): void => undefined;

afterEach(async () => {
  await running?.stop(0);
  running = undefined;
});

const codings: [string, (bytes: Uint8Array) => Uint8Array][] = [
  ["identity", (bytes) => bytes],
  ["gzip", (bytes) => zlib.gzipSync(bytes)],
  ["deflate", (bytes) => zlib.deflateSync(bytes)],
  ["deflate", (bytes) => zlib.deflateRawSync(bytes)],
  ["zstd", (bytes) => zlib.zstdCompressSync(bytes)],
];

describe("a request that is taken", () => {
  for (const type of [PROTOBUF, JSON_TYPE, "Application/JSON; charset=utf-8"]) {
    for (const [index, [coding, compress]] of codings.entries()) {
      test(`reaches the sink decoded: ${type}, ${coding} (${index})`, async () => {
        const port = await start();
        const answer = await send(port, "/v1/traces", {
          headers: { "content-type": type, "content-encoding": coding },
          body: compress(Buffer.from('{"resourceSpans":[]}')),
        });
        const encoding = type === PROTOBUF ? "protobuf" : "json";
        expect(answer.status).toBe(200);
        expect(answer.headers["content-type"]).toBe(encoding === "json" ? JSON_TYPE : PROTOBUF);
        expect(answer.text).toBe(encoding === "json" ? "{}" : "");
        expect(sink.texts).toEqual(['{"resourceSpans":[]}']);
        expect(sink.requests[0]).toMatchObject({ signal: "traces", encoding, tenant: "default" });
      });
    }
  }

  test("is a log request on the path of logs", async () => {
    const port = await start();
    await send(port, "/v1/logs?source=a", { headers: { "content-type": PROTOBUF }, body: "x" });
    expect(sink.requests[0]?.signal).toBe("logs");
  });

  test("may be empty", async () => {
    const port = await start();
    const answer = await send(port, "/v1/traces", { headers: { "content-type": PROTOBUF } });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
  });

  test("may come in many pieces, without a length", async () => {
    const port = await start();
    const body = Buffer.alloc(300_000, "abc");
    const request = http.request({ port, host: "127.0.0.1", path: "/v1/traces", method: "POST" });
    request.setHeader("content-type", PROTOBUF);
    for (let at = 0; at < body.length; at += 1000) request.write(body.subarray(at, at + 1000));
    const status = await new Promise((resolve) => {
      request.on("response", (response) => resolve(response.resume().statusCode));
      request.end();
    });
    expect(status).toBe(200);
    expect(body.equals(sink.requests[0]?.body as Uint8Array)).toBe(true);
  });

  test("with spans refused by the sink is answered with a partial success", async () => {
    const port = await start();
    sink.respond = () => Promise.resolve({ rejected: 3, message: "3 spans have no trace id" });
    const answer = await send(port, "/v1/traces", {
      headers: { "content-type": JSON_TYPE },
      body: "{}",
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).partialSuccess).toMatchObject({
      errorMessage: "3 spans have no trace id",
    });
  });
});

describe("a request that is refused", () => {
  test("names the media types when it has another", async () => {
    const port = await start();
    for (const type of ["text/plain", "application/json-seq", "nonsense", undefined]) {
      const headers = type === undefined ? {} : { "content-type": type };
      const answer = await send(port, "/v1/traces", { headers, body: "x" });
      expect(answer.status).toBe(415);
      expect(JSON.parse(answer.text).message).toContain(
        "application/x-protobuf or application/json",
      );
    }
    expect(sink.requests).toEqual([]);
  });

  test("names the codings when it has another or several", async () => {
    const port = await start();
    for (const coding of ["br", "snappy", "gzip, gzip"]) {
      const answer = await send(port, "/v1/traces", {
        headers: { "content-type": JSON_TYPE, "content-encoding": coding },
        body: "x",
      });
      expect(answer.status).toBe(415);
      expect(answer.headers["accept-encoding"]).toBe("gzip, deflate, zstd, identity");
      expect(JSON.parse(answer.text).message).toContain("gzip, deflate, zstd, identity");
    }
  });

  test("is told the allowed method when it is not a POST", async () => {
    const port = await start();
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await send(port, "/v1/traces", { method });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe("POST, OPTIONS");
    }
    expect((await send(port, "/v1/logs", { method: "HEAD" })).status).toBe(405);
  });

  test("learns how to turn metrics off, in its own encoding", async () => {
    const port = await start();
    const text = "metrics are not stored by Clew; turn the metrics exporter off";
    for (const type of [PROTOBUF, JSON_TYPE]) {
      const answer = await send(port, "/v1/metrics", {
        headers: { "content-type": type },
        body: "x",
      });
      expect(answer.status).toBe(404);
      expect(answer.headers["content-type"]).toBe(type);
      expect(answer.text).toContain(text);
    }
    const profiles = await send(port, "/v1development/profiles", { body: "x" });
    expect([profiles.status, profiles.text]).toEqual([
      404,
      expect.stringContaining("profiles are not stored"),
    ]);
  });

  test("on any other path learns the right ones", async () => {
    const port = await start();
    for (const path of ["/", "/v1/traces/", "/__proto__", "/%zz"]) {
      const answer = await send(port, path, { headers: { "content-type": JSON_TYPE }, body: "{}" });
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.text).message).toContain("/v1/traces and /v1/logs");
    }
  });

  test("by the sink as malformed gets 400 with the reason", async () => {
    const port = await start();
    sink.respond = () => Promise.reject(new ClewError("malformed_payload", "truncated at byte 7"));
    const json = await send(port, "/v1/traces", {
      headers: { "content-type": JSON_TYPE },
      body: "{",
    });
    expect([json.status, JSON.parse(json.text)]).toEqual([
      400,
      expect.objectContaining({ code: 3, message: "truncated at byte 7" }),
    ]);
    const proto = await send(port, "/v1/traces", {
      headers: { "content-type": PROTOBUF },
      body: "{",
    });
    expect(proto.status).toBe(400);
    expect(proto.text).toContain("truncated at byte 7");
    expect(proto.text).toContain("google.rpc.BadRequest");
  });

  test("for now is told when to come back", async () => {
    const port = await start();
    sink.respond = () =>
      Promise.reject(new ClewError("overloaded", "queue is full", { retryAfterMs: 2500 }));
    const busy = await send(port, "/v1/traces", {
      headers: { "content-type": PROTOBUF },
      body: "x",
    });
    expect([busy.status, busy.headers["retry-after"]]).toEqual([429, "3"]);
    expect(busy.text).toContain("google.rpc.RetryInfo");
    sink.respond = () => Promise.reject(new ClewError("unavailable", "the disk is full"));
    const down = await send(port, "/v1/traces", {
      headers: { "content-type": PROTOBUF },
      body: "x",
    });
    expect([down.status, down.headers["retry-after"]]).toEqual([503, "1"]);
  });

  test("for a fault of ours may retry, is told nothing of it, and the operator is", async () => {
    const seen: ClewError[] = [];
    const port = await start({ onError: (error) => seen.push(error) });
    sink.respond = () => Promise.reject(new Error("secret path /data/x"));
    const answer = await send(port, "/v1/traces", {
      headers: { "content-type": JSON_TYPE },
      body: "{}",
    });
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "1"]);
    expect(answer.text).not.toContain("secret");
    expect(seen.map((error) => error.message)).toEqual(["secret path /data/x"]);
  });

  test("while the sink is over its budget is refused before its body is sent", async () => {
    const port = await start();
    sink.freeBytes = 0;
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 9\r\n\r\n`,
    );
    const head = await new Promise<string>((resolve) =>
      socket.once("data", (data) => resolve(String(data))),
    );
    socket.destroy();
    expect(head).toMatch(/^HTTP\/1.1 429 /);
  });
});

describe("limits", () => {
  test("a body of the limit is taken, one byte more is not, announced or not", async () => {
    const port = await start({ maxBodyBytes: 1000 });
    const headers = { "content-type": PROTOBUF };
    expect((await send(port, "/v1/traces", { headers, body: Buffer.alloc(1000) })).status).toBe(
      200,
    );
    expect((await send(port, "/v1/traces", { headers, body: Buffer.alloc(1001) })).status).toBe(
      413,
    );
    const chunked = { ...headers, "transfer-encoding": "chunked" };
    const answer = await send(port, "/v1/traces", { headers: chunked, body: Buffer.alloc(1001) });
    expect(answer.status).toBe(413);
    expect(answer.headers["retry-after"]).toBeUndefined();
    expect(answer.text).toContain("larger than 1000 bytes");
    expect(answer.text).toContain("CLEW_MAX_REQUEST_BYTES");
    expect(sink.requests).toHaveLength(1);
  });

  for (const [coding, bomb] of bombs()) {
    test(`a ${coding} bomb of 256 MiB is refused and costs no memory`, {
      timeout: 30_000,
    }, async () => {
      const port = await start({ maxBodyBytes: 4 << 20 });
      const before = process.memoryUsage().arrayBuffers;
      let peak = 0;
      const sampling = setInterval(() => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      }, 1);
      const headers = { "content-type": PROTOBUF, "content-encoding": coding };
      const answer = await send(port, "/v1/traces", { headers, body: bomb });
      clearInterval(sampling);
      expect(answer.status).toBe(413);
      expect(peak).toBeLessThan(64 << 20);
      expect(running?.stats.readingBytes).toBe(0);
    });
  }

  test("corrupt and truncated compression is 400 and the next request is fine", async () => {
    const port = await start();
    for (const [coding, compress] of codings.slice(1)) {
      const good = compress(Buffer.alloc(100_000, "span "));
      const headers = { "content-type": JSON_TYPE, "content-encoding": coding };
      for (const body of [good.subarray(0, -1), good.subarray(0, 5), Buffer.from("nonsense"), ""]) {
        const answer = await send(port, "/v1/traces", { headers, body });
        expect([answer.status, answer.text]).toEqual([
          400,
          expect.stringContaining(`not valid ${coding}`),
        ]);
      }
      expect((await send(port, "/v1/traces", { headers, body: good })).status).toBe(200);
    }
  });

  test("a sender that stalls is cut off after the time-out and holds nothing", async () => {
    const port = await start({ requestTimeoutMs: 200 });
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 900\r\n\r\n{`,
    );
    let text = "";
    socket.on("data", (data) => {
      text += String(data);
    });
    await new Promise((resolve) => socket.on("close", resolve));
    expect(text).toMatch(/^HTTP\/1.1 408 /);
    await vi.waitFor(() => expect(running?.stats.requests["traces/http/aborted"]).toBe(1));
    expect(running?.stats).toMatchObject({ readingBytes: 0, inFlight: { http: 0 } });
  });

  test("a sender that leaves in the middle of its body is forgotten", async () => {
    const port = await start();
    const socket = net.connect(port, "127.0.0.1");
    socket.write(
      `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: 900\r\n\r\n{`,
    );
    await vi.waitFor(() => expect(running?.stats.readingBytes).toBe(1));
    socket.destroy();
    await vi.waitFor(() => expect(running?.stats.requests["traces/http/aborted"]).toBe(1));
    expect(running?.stats).toMatchObject({ readingBytes: 0, inFlight: { http: 0 } });
    expect(sink.requests).toEqual([]);
  });

  test("requests that together hold more than the budget are put off, not taken", async () => {
    const port = await start({ maxBodyBytes: 1000, maxReadingBytes: 2000 });
    const slow = [net.connect(port, "127.0.0.1"), net.connect(port, "127.0.0.1")];
    const head = `POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: ${PROTOBUF}\r\nContent-Length: 1000\r\n\r\n`;
    for (const socket of slow) socket.write(head + "x".repeat(990));
    await vi.waitFor(() => expect(running?.stats.readingBytes).toBe(1980));
    const headers = { "content-type": PROTOBUF };
    const refused = await send(port, "/v1/traces", { headers, body: Buffer.alloc(100) });
    expect([refused.status, refused.headers["retry-after"]]).toEqual([429, "1"]);
    for (const socket of slow) socket.write("x".repeat(10));
    await vi.waitFor(() => expect(sink.requests).toHaveLength(2));
    expect((await send(port, "/v1/traces", { headers, body: Buffer.alloc(100) })).status).toBe(200);
    for (const socket of slow) socket.destroy();
  });

  test("200 connections are served at once and kept alive", { timeout: 30_000 }, async () => {
    const port = await start();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 200 });
    let openGate = idle;
    const gate = new Promise<void>((resolve) => {
      openGate = resolve;
    });
    sink.respond = async () => {
      if (sink.requests.length >= 200) openGate();
      await gate;
      return { rejected: 0, message: undefined };
    };
    const round = async (): Promise<number[]> => {
      const answers = Array.from({ length: 200 }, () =>
        send(port, "/v1/traces", { agent, headers: { "content-type": PROTOBUF }, body: "x" }),
      );
      return (await Promise.all(answers)).map((answer) => answer.status);
    };
    for (let i = 0; i < 3; i++) expect(new Set(await round())).toEqual(new Set([200]));
    const sockets = Object.values(agent.freeSockets).flat();
    expect(sockets).toHaveLength(200);
    agent.destroy();
    expect(running?.stats.requests["traces/http/200"]).toBe(600);
    expect(running?.stats.bodyBytes.http).toBe(600);
  });
});

describe("tenants", () => {
  test("come from either header, and from a configured one", async () => {
    let port = await start();
    const type = { "content-type": PROTOBUF };
    await send(port, "/v1/traces", { headers: { ...type, "X-Scope-OrgID": "team-a" }, body: "x" });
    await send(port, "/v1/traces", { headers: { ...type, "X-Clew-Tenant": "b.B_9" }, body: "x" });
    expect(sink.requests.map((request) => request.tenant)).toEqual(["team-a", "b.B_9"]);
    await running?.stop(0);
    port = await start({ tenantHeaders: ["X-Org"] });
    await send(port, "/v1/traces", {
      headers: { ...type, "x-org": "c", "x-clew-tenant": "d" },
      body: "x",
    });
    expect(sink.requests.map((request) => request.tenant)).toEqual(["c"]);
  });

  test("that disagree are refused, never one silently preferred", async () => {
    const port = await start();
    const type = { "content-type": JSON_TYPE, "x-clew-tenant": "a" };
    const refused = await send(port, "/v1/traces", {
      headers: { ...type, "x-scope-orgid": "b" },
      body: "{}",
    });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("disagree")]);
    const headers = { ...type, "x-scope-orgid": "a" };
    expect((await send(port, "/v1/traces", { headers, body: "{}" })).status).toBe(200);
    expect(sink.requests.map((request) => request.tenant)).toEqual(["a"]);
  });

  test("with a bad name are refused", async () => {
    const port = await start();
    for (const name of ["a b", "../x", "", "x".repeat(65), "a, b"]) {
      const headers = { "content-type": JSON_TYPE, "x-clew-tenant": name };
      const answer = await send(port, "/v1/traces", { headers, body: "{}" });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining("1 to 64")]);
    }
    expect(sink.requests).toEqual([]);
  });
});

describe("browsers", () => {
  const preflight = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-a,content-type",
  };

  test("get no permission by default", async () => {
    const port = await start();
    const headers = { ...preflight, origin: "https://shop.example" };
    const answer = await send(port, "/v1/traces", { method: "OPTIONS", headers });
    expect(answer.status).toBe(204);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("on a listed origin may send any header they ask for, for two hours", async () => {
    const port = await start({ corsOrigins: ["https://shop.example", "https://*.team.example"] });
    for (const origin of ["https://shop.example", "https://a.team.example"]) {
      const answer = await send(port, "/v1/traces", {
        method: "OPTIONS",
        headers: { ...preflight, origin },
      });
      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "x-a,content-type",
        "access-control-max-age": "7200",
        vary: "origin",
      });
    }
    for (const origin of [
      "https://shop.example.evil.test",
      "https://evil.test/.team.example",
      "null",
    ]) {
      const answer = await send(port, "/v1/traces", {
        method: "OPTIONS",
        headers: { ...preflight, origin },
      });
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("may read answers, errors included, when any origin is allowed", async () => {
    const port = await start({ corsOrigins: ["*"] });
    for (const [path, status] of [
      ["/v1/traces", 200],
      ["/v1/metrics", 404],
    ] as const) {
      const headers = { origin: "https://a.test", "content-type": JSON_TYPE };
      const answer = await send(port, path, { headers, body: "{}" });
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([status, "*"]);
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
      expect(answer.headers["access-control-expose-headers"]).toBe("retry-after");
    }
  });
});

describe("starting and stopping", () => {
  test("a port in use is an error that names the setting", async () => {
    const port = await start();
    const again = startReceivers({ host: "127.0.0.1", httpPort: port }, sink);
    await expect(again).rejects.toMatchObject({
      code: "bad_config",
      message: `port ${port} is in use`,
      hint: expect.stringContaining("CLEW_OTLP_HTTP_PORT"),
    });
  });

  test("a foreign address is an error that names the setting", async () => {
    const started = startReceivers({ host: "192.0.2.1", httpPort: -1 }, new InMemorySink());
    await expect(started).rejects.toMatchObject({
      code: "bad_config",
      hint: expect.stringContaining("CLEW_HOST"),
    });
  });

  test("stopping waits for a request in flight, and takes no new connection", async () => {
    const port = await start();
    let finish = idle;
    sink.respond = () =>
      new Promise((resolve) => {
        finish = () => resolve({ rejected: 0, message: undefined });
      });
    const headers = { "content-type": PROTOBUF };
    const answer = send(port, "/v1/traces", { headers, body: "x" });
    await vi.waitFor(() => expect(sink.requests).toHaveLength(1));
    const stopped = running?.stop(10_000);
    await vi.waitFor(() => expect(send(port, "/v1/traces")).rejects.toThrow("ECONNREFUSED"));
    finish();
    expect(await answer).toMatchObject({ status: 200, headers: { connection: "close" } });
    await stopped;
  });

  test("stopping cuts what is not done after the grace time", async () => {
    const port = await start();
    sink.respond = () => new Promise(() => undefined);
    const answer = send(port, "/v1/traces", { headers: { "content-type": PROTOBUF }, body: "x" });
    const failed = expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect(sink.requests).toHaveLength(1));
    await running?.stop(20);
    await failed;
  });
});

function bombs(): [string, Uint8Array][] {
  const mebibyte = zlib.gzipSync(Buffer.alloc(1 << 20));
  const zeros = Buffer.alloc(256 << 20);
  return [
    ["gzip", Buffer.concat(Array.from({ length: 256 }, () => mebibyte))],
    ["deflate", zlib.deflateSync(zeros, { level: 1 })],
    ["zstd", zlib.zstdCompressSync(zeros)],
  ];
}
