// What Jaeger's HTTP routes answer, exactly, and what they say when they cannot.

import { ClewError } from "@clew/base";
import type { SearchQuery, SearchResult } from "@clew/model";
import type { TraceReader } from "@clew/storage";
import { describe, expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "../native/testing/shop.ts";
import { jaegerApi } from "./plugin.ts";

const { reader: shopReader } = shop();

function serverOf(reader: () => TraceReader, corsOrigins: readonly string[] = []) {
  const server = createApiServer();
  server.register(jaegerApi, { prefix: "/jaeger", reader, now: () => now, corsOrigins });
  return server;
}

const server = serverOf(() => shopReader);

async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await server.inject({ url: `/jaeger${url}`, headers });
  return { status: answer.statusCode, body: answer.json<unknown>() };
}

const ok = (data: unknown, total = 0) => ({
  status: 200,
  body: { data, total, limit: 0, offset: 0, errors: null },
});
const failed = (code: number, msg: string) => ({
  status: code,
  body: { data: null, total: 0, limit: 0, offset: 0, errors: [{ code, msg }] },
});

async function asked(query: string): Promise<SearchQuery> {
  let seen: SearchQuery | undefined;
  const reader = memoryTraceReader([]);
  reader.search = async (question): Promise<SearchResult> => {
    seen = question;
    return { traces: [] };
  };
  const answer = await serverOf(() => reader).inject(`/jaeger/api/traces?${query}`);
  if (seen === undefined) throw new Error(answer.body);
  return seen;
}

test("prettyPrint adds line breaks, to lists and to streams of traces", async () => {
  for (const path of ["services", `traces/${cartTrace}`, "traces?service=web", "v3/services"]) {
    const url = `/jaeger/api/${path}${path.includes("?") ? "&" : "?"}prettyPrint=`;
    const plain = await server.inject(`${url}false`);
    const pretty = await server.inject(`${url}true`);
    expect(plain.body).not.toContain("\n");
    expect(pretty.body).toBe(JSON.stringify(plain.json(), null, 4));
    expect(pretty.headers["content-type"]).toBe(plain.headers["content-type"]);
  }
});

describe("names:", () => {
  test("services are sorted, with their number", async () => {
    expect(await get("/api/services")).toEqual(ok(["cart", "web"], 2));
  });

  test("operations come by name alone, and with their kinds", async () => {
    const names = ["GET /cart", "POST /pay"];
    expect(await get("/api/services/web/operations")).toEqual(ok(names, 2));
    const both = names.map((name) => ({ name, spanKind: "server" }));
    expect(await get("/api/operations?service=web")).toEqual(ok(both, 2));
    expect(await get("/api/operations?service=web&spanKind=server")).toEqual(ok(both, 2));
    expect(await get("/api/operations?service=web&spanKind=client")).toEqual(ok([], 0));
  });

  test("a service nobody knows has none", async () => {
    expect(await get("/api/services/%E2%98%83%2F/operations")).toEqual(ok([], 0));
  });
});

describe("a search", () => {
  test("asks the store for exactly what the parameters say", async () => {
    const query = new URLSearchParams([
      ["service", "web"],
      ["operation", "GET /cart"],
      ["start", "1799999000000000"],
      ["end", "1800000000000000"],
      ["minDuration", "1.5ms"],
      ["maxDuration", "2s"],
      ["tag", "a:b:c"],
      ["tags", '{"http.route":"/cart","span.kind":"server"}'],
      ["limit", "7"],
      ["lookback", "1h"],
      ["unknown", "ignored"],
    ]);
    expect(await asked(query.toString())).toEqual({
      tenant: "default",
      range: {
        startNano: 1_799_999_000_000_000_000n,
        endNano: 1_800_000_000_000_001_000n,
      },
      filter: {
        service: "web",
        operation: "GET /cart",
        kind: "server",
        minDurationNano: 1_500_000,
        maxDurationNano: 2_000_000_000,
        attributes: [
          { scope: "any", key: "a", operator: "=", value: "b:c" },
          { scope: "any", key: "http.route", operator: "=", value: "/cart" },
        ],
      },
      sort: "newest",
      limit: 7,
    });
  });

  test("without times covers two days, or what `lookback` says", async () => {
    const day = 86_400_000_000_000n;
    const spanOf = async (query: string): Promise<bigint> => {
      const { range } = await asked(query);
      return range.endNano - range.startNano;
    };
    expect(await spanOf("service=web")).toBe(2n * day);
    expect(await spanOf("service=web&lookback=3h")).toBe(day / 8n);
    expect((await asked("service=web")).limit).toBe(100);
  });

  test("answers whole traces, newest first", async () => {
    const { status, body } = await get("/api/traces?service=web");
    const { data } = body as { data: { traceID: string; spans: unknown[] }[] };
    expect(status).toBe(200);
    expect(data.map(({ traceID, spans }) => [traceID, spans.length])).toEqual([
      [payTrace, 1],
      [cartTrace.slice(16), 2],
    ]);
  });

  test("for more than the store's page goes on with the next", async () => {
    const limits: number[] = [];
    const reader = memoryTraceReader([]);
    reader.search = async ({ limit, cursor }): Promise<SearchResult> => {
      limits.push(limit);
      const { traces } = await shopReader.search({
        tenant: "default",
        range: { startNano: 0n, endNano: now },
        filter: { attributes: [] },
        sort: "newest",
        limit: 2,
      });
      const full = Array.from({ length: limit / 2 }, () => traces).flat();
      return cursor === undefined ? { traces: full, nextCursor: "x" } : { traces: [] };
    };
    await serverOf(() => reader).inject("/jaeger/api/traces?limit=99999");
    expect(limits).toEqual([1000, 500]);
  });

  test("for traces with too many spans together says so instead of filling the memory", async () => {
    const reader = memoryTraceReader([]);
    reader.search = async () => {
      const { traces } = await shopReader.search({
        tenant: "default",
        range: { startNano: 0n, endNano: now },
        filter: { attributes: [] },
        sort: "newest",
        limit: 1,
      });
      return { traces: traces.map((trace) => ({ ...trace, spanCount: 250_001 })) };
    };
    const answer = await serverOf(() => reader).inject("/jaeger/api/traces");
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ errors: [{ code: 422 }] });
  });
});

describe("traces by id:", () => {
  test("a trace has the exact shape", async () => {
    const answer = await get(`/api/traces/${cartTrace}`);
    const tag = (key: string, value: string) => ({ key, type: "string", value });
    expect(answer).toEqual(
      ok([
        {
          traceID: "00000000000ca270",
          spans: [
            {
              traceID: "00000000000ca270",
              spanID: "00000000000000a1",
              operationName: "GET /cart",
              references: [],
              startTime: 1_799_999_940_000_000,
              duration: 12_000,
              tags: [
                tag("http.route", "/cart"),
                { key: "http.response.status_code", type: "int64", value: 200 },
                tag("span.kind", "server"),
              ],
              logs: [],
              processID: "p1",
              warnings: null,
            },
            {
              traceID: "00000000000ca270",
              spanID: "00000000000000a2",
              operationName: "load",
              references: [
                { refType: "CHILD_OF", traceID: "00000000000ca270", spanID: "00000000000000a1" },
              ],
              startTime: 1_799_999_940_001_000,
              duration: 9000,
              tags: [tag("span.kind", "server")],
              logs: [],
              processID: "p2",
              warnings: null,
            },
          ],
          processes: {
            p1: { serviceName: "web", tags: [] },
            p2: { serviceName: "cart", tags: [] },
          },
          warnings: null,
        },
      ]),
    );
  });

  test("a short id is padded, an unknown one is not found", async () => {
    expect((await get("/api/traces/ca270")).status).toBe(200);
    expect(await get("/api/traces/77")).toEqual(failed(404, "trace not found"));
  });

  test("several are answered with what is missing", async () => {
    const { status, body } = await get(`/api/traces?traceID=${payTrace}&traceID=77`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      data: [{ traceID: payTrace }],
      errors: [{ code: 404, msg: "trace not found", traceID: "77".padStart(32, "0") }],
    });
  });
});

test("dependencies are pairs with counts, of one service if asked", async () => {
  const link = { parent: "web", child: "cart", callCount: 1 };
  expect(await get("/api/dependencies?lookback=604800000")).toEqual(ok([link]));
  expect(await get("/api/dependencies?service=cart")).toEqual(ok([link]));
  expect(await get("/api/dependencies?service=other")).toEqual(ok([]));
  expect(await get("/api/dependencies?endTs=1000")).toEqual(ok([]));
});

describe("a wrong question is answered in Jaeger's words:", () => {
  test.each([
    ["/api/operations", "parameter 'service' is required"],
    [
      "/api/operations?service=web&spanKind=x",
      "unable to parse param 'spanKind': unsupported span kind: 'x'",
    ],
    [
      "/api/traces?limit=x",
      "unable to parse param 'limit': strconv.ParseInt: parsing \"x\": invalid syntax",
    ],
    [
      "/api/traces?limit=99999999999",
      "unable to parse param 'limit': strconv.ParseInt: parsing \"99999999999\": value out of range",
    ],
    [
      "/api/traces?start=1.5",
      "unable to parse param 'start': strconv.ParseInt: parsing \"1.5\": invalid syntax",
    ],
    [
      "/api/traces?minDuration=5",
      "unable to parse param 'minDuration': time: missing unit in duration \"5\"",
    ],
    [
      "/api/traces?minDuration=2s&maxDuration=1s",
      "'maxDuration' should be greater than 'minDuration'",
    ],
    ["/api/traces?start=2&end=1", "'start' should be before 'end'"],
    ["/api/traces?tag=x", "malformed 'tag' parameter, expecting key:value, received: x"],
    [
      "/api/traces?raw=maybe",
      "unable to parse param 'raw': strconv.ParseBool: parsing \"maybe\": invalid syntax",
    ],
    ["/api/traces/xyz", "unable to parse param 'traceID': a trace id is 1 to 32 hex digits: xyz"],
    [
      "/api/traces/123456789012345678901234567890123",
      "unable to parse param 'traceID': TraceID cannot be longer than 32 hex characters: 123456789012345678901234567890123",
    ],
    [
      "/api/dependencies?endTs=x",
      "unable to parse param 'endTs': strconv.ParseInt: parsing \"x\": invalid syntax",
    ],
    [
      "/api/metrics/calls",
      "unable to parse param 'service': please provide at least one service name",
    ],
    [
      "/api/metrics/latencies?service=web",
      "unable to parse param 'quantile': strconv.ParseFloat: parsing \"\": invalid syntax",
    ],
    [
      "/api/metrics/latencies?service=web&quantile=2",
      "unable to parse param 'quantile': a quantile is between 0 and 1",
    ],
    ["/api/metrics/calls?service=web&step=0", "unable to parse param 'step': 0 is not positive"],
    ["/api/metrics/calls?service=web&lookback=0", "'lookback' should be positive"],
  ])("%s", async (url, msg) => {
    expect(await get(url)).toEqual(failed(400, msg));
  });

  test("a tags map that is none", async () => {
    const { status, body } = await get(`/api/traces?tags=${encodeURIComponent('{"a":')}`);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain("malformed 'tags' parameter, cannot unmarshal JSON");
  });

  test("a path that is none, a method that is not taken, an archive that is not there", async () => {
    expect(await get("/api/nothing")).toEqual(failed(404, "404 page not found"));
    const put = await server.inject({ method: "PUT", url: "/jaeger/api/traces" });
    expect([put.statusCode, put.headers["allow"]]).toEqual([405, "GET, HEAD"]);
    const archive = await server.inject({ method: "POST", url: "/jaeger/api/archive/1" });
    expect(archive.statusCode).toBe(501);
    expect(archive.json()).toMatchObject({
      errors: [{ code: 501, msg: "archive span storage was not configured" }],
    });
  });

  test("a path that does not decode", async () => {
    const { status, body } = await get("/api/traces/%zz");
    expect([status, body]).toMatchObject([400, { data: null, errors: [{ code: 400 }] }]);
    const v3 = await get("/api/v3/traces/%zz");
    expect([v3.status, v3.body]).toMatchObject([400, { error: { httpCode: 400, grpcCode: 3 } }]);
  });

  test("a store that is not open", async () => {
    const starting = serverOf(() => {
      throw new ClewError("unavailable", "Clew is starting", { retryAfterMs: 1000 });
    });
    const answer = await starting.inject("/jaeger/api/services");
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([503, "1"]);
    expect(answer.json()).toMatchObject({ errors: [{ code: 503, msg: "Clew is starting" }] });
  });
});

describe("a tenant", () => {
  test("sees only its own spans", async () => {
    const headers = { "x-scope-orgid": "other" };
    expect(await get("/api/services", headers)).toEqual(ok([], 0));
    expect((await get(`/api/traces/${payTrace}`, headers)).status).toBe(404);
  });

  test("with an impossible name is refused", async () => {
    expect((await get("/api/services", { "x-clew-tenant": "a/b" })).status).toBe(400);
  });
});

test("a transformed trace is shown as Jaeger shows it, with all digits of its numbers", async () => {
  const value = { intValue: "9007199254740993" };
  const span = {
    traceId: payTrace,
    spanId: "00000000000000b1",
    name: "x",
    attributes: [{ key: "n", value }],
  };
  const answer = await server.inject({
    method: "POST",
    url: "/jaeger/api/transform",
    payload: { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] },
  });
  expect(answer.json()).toMatchObject({
    data: [
      {
        traceID: payTrace,
        spans: [{ tags: [{ key: "n", type: "int64", value: "9007199254740993" }] }],
      },
    ],
  });
  const broken = await server.inject({
    method: "POST",
    url: "/jaeger/api/transform",
    headers: { "content-type": "application/json" },
    payload: "{",
  });
  expect(broken.statusCode).toBe(400);
});

test.each([
  ["as text, which is what browsers make of a text without a type", "text/plain;charset=UTF-8"],
  ["under no type", undefined],
])("a trace to transform may be sent %s", async (_how, type) => {
  const span = { traceId: payTrace, spanId: "00000000000000b1", name: "x" };
  const answer = await server.inject({
    method: "POST",
    url: "/jaeger/api/transform",
    headers: type === undefined ? {} : { "content-type": type },
    payload: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(answer.json()).toMatchObject({ data: [{ traceID: payTrace }] });
});

describe("pages of other origins", () => {
  const ui = "http://ui.example";
  test("may not read, unless they are listed", async () => {
    const none = await server.inject({ url: "/jaeger/api/services", headers: { origin: ui } });
    expect(none.headers).not.toHaveProperty("access-control-allow-origin");
    const listed = serverOf(() => shopReader, [ui]);
    for (const [origin, allowed] of [
      [ui, ui],
      ["http://else.example", undefined],
    ]) {
      const answer = await listed.inject({ url: "/jaeger/api/services", headers: { origin } });
      expect(answer.headers["access-control-allow-origin"]).toBe(allowed);
      expect(answer.headers["vary"]).toContain("origin");
    }
    const preflight = await listed.inject({
      method: "OPTIONS",
      url: "/jaeger/api/traces",
      headers: { origin: ui, "access-control-request-headers": "x-scope-orgid" },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers["access-control-allow-headers"]).toBe("x-scope-orgid");
  });
});
