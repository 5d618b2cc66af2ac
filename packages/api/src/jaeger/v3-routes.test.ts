// What /api/v3 answers: OTLP JSON traces, summaries, and errors in the gateway's shape.

import { describe, expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "../native/testing/shop.ts";
import { jaegerApi } from "./plugin.ts";

const { reader } = shop();
const server = createApiServer();
server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => now });

const times = new URLSearchParams({
  "query.startTimeMin": new Date(Number(now / 1_000_000n) - 3_600_000).toISOString(),
  "query.startTimeMax": new Date(Number(now / 1_000_000n)).toISOString(),
}).toString();

async function get(url: string) {
  const answer = await server.inject(`/jaeger/api/v3${url}`);
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

interface Otlp {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly { readonly traceId: string }[] }[];
  }[];
}

function traceIds(body: Record<string, unknown>): Set<string> {
  const { resourceSpans } = body["result"] as Otlp;
  const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
  return new Set(scopes.flatMap(({ spans }) => spans.map(({ traceId }) => traceId)));
}

test("services and operations", async () => {
  expect(await get("/services")).toEqual({ status: 200, body: { services: ["cart", "web"] } });
  expect((await get("/operations?service=cart")).body).toEqual({
    operations: [{ name: "load", spanKind: "server" }],
  });
});

test("a trace by hex or by base64 id is OTLP JSON in a result", async () => {
  const base64 = Buffer.from(payTrace, "hex").toString("base64url");
  for (const id of [payTrace, payTrace.toUpperCase(), base64, `${base64}==`]) {
    const { status, body } = await get(`/traces/${id}`);
    expect([status, [...traceIds(body)]]).toEqual([200, [payTrace]]);
  }
});

test("a search gives all its traces as one OTLP message", async () => {
  const { body } = await get(`/traces?${times}&query.serviceName=web`);
  expect(traceIds(body)).toEqual(new Set([cartTrace, payTrace]));
  const one = await get(
    `/traces?${times}&query.attributes=${encodeURIComponent('{"http.route":"/pay"}')}`,
  );
  expect(traceIds(one.body)).toEqual(new Set([payTrace]));
});

test("names in snake_case are understood as well, and a body instead of a query string", async () => {
  const snake = times
    .replaceAll("startTimeMin", "start_time_min")
    .replaceAll("startTimeMax", "start_time_max");
  expect((await get(`/traces?${snake}&query.num_traces=1`)).status).toBe(200);
  const given = new URLSearchParams(times);
  const payload = {
    query: {
      service_name: "web",
      attributes: { "http.route": "/cart" },
      startTimeMin: given.get("query.startTimeMin"),
      startTimeMax: given.get("query.startTimeMax"),
      search_depth: 5,
    },
  };
  const answer = await server.inject({ method: "POST", url: "/jaeger/api/v3/traces", payload });
  expect(traceIds(answer.json())).toEqual(new Set([cartTrace]));
});

test("summaries are counted from the spans", async () => {
  const { body } = await get(`/trace-summaries?${times}&query.serviceName=web`);
  expect(body).toEqual({
    summaries: [
      {
        traceId: payTrace,
        rootServiceName: "web",
        rootOperationName: "POST /pay",
        minStartTimeUnixNano: String(now - 30_000_000_000n),
        maxEndTimeUnixNano: String(now - 28_000_000_000n),
        spanCount: 1,
        errorSpanCount: 1,
        orphanSpanCount: 0,
        services: [{ name: "web", spanCount: 1, errorSpanCount: 1 }],
      },
      {
        traceId: cartTrace,
        rootServiceName: "web",
        rootOperationName: "GET /cart",
        minStartTimeUnixNano: String(now - 60_000_000_000n),
        maxEndTimeUnixNano: String(now - 59_988_000_000n),
        spanCount: 2,
        errorSpanCount: 0,
        orphanSpanCount: 0,
        services: [
          { name: "cart", spanCount: 1, errorSpanCount: 0 },
          { name: "web", spanCount: 1, errorSpanCount: 0 },
        ],
      },
    ],
  });
});

test("a trace without its root has orphans and no root names", async () => {
  const lone = memoryTraceReader([
    {
      traceId: payTrace,
      spanId: "00000000000000c2",
      parentId: "00000000000000c1",
      service: "cart",
      name: "late",
      startNano: now - 1_000_000_000n,
      durationNano: 5,
    },
  ]);
  const other = createApiServer();
  other.register(jaegerApi, { prefix: "/jaeger", reader: () => lone, now: () => now });
  const answer = await other.inject(`/jaeger/api/v3/trace-summaries?${times}`);
  expect(answer.json()).toMatchObject({
    summaries: [{ rootServiceName: "", rootOperationName: "", orphanSpanCount: 1 }],
  });
});

test("dependencies count in texts, as protobuf's JSON has 64-bit numbers", async () => {
  const range = new URLSearchParams({
    startTime: new Date(Number(now / 1_000_000n) - 3_600_000).toISOString(),
    endTime: new Date(Number(now / 1_000_000n)).toISOString(),
  });
  expect((await get(`/dependencies?${range.toString()}`)).body).toEqual({
    dependencies: [{ parent: "web", child: "cart", callCount: "1" }],
  });
});

describe("errors have the gateway's shape:", () => {
  const wrong = (httpCode: number, grpcCode: number, message: string, httpStatus: string) => ({
    status: httpCode,
    body: { error: { grpcCode, httpCode, message, httpStatus } },
  });

  test.each([
    ["/traces", "query.startTimeMin and query.startTimeMax are required"],
    [
      "/traces?query.startTimeMin=x&query.startTimeMax=y",
      "malformed parameter query.startTimeMin: not an RFC 3339 time: x",
    ],
    [
      `/traces?${times}&query.durationMin=5`,
      "unable to parse param 'query.durationMin': time: missing unit in duration \"5\"",
    ],
    [
      `/traces?${times}&query.searchDepth=-1`,
      "unable to parse param 'query.searchDepth': -1 is negative",
    ],
    ["/operations", "malformed parameter service"],
    ["/traces/none", "unable to parse param 'trace_id': a trace id is 1 to 32 hex digits: none"],
  ])("%s is 400", async (url, message) => {
    expect(await get(url)).toEqual(wrong(400, 3, message, "Bad Request"));
  });

  test("nothing found is 404", async () => {
    expect(await get("/traces/77")).toEqual(wrong(404, 5, "No traces found", "Not Found"));
    expect(await get(`/traces?${times}&query.serviceName=x`)).toEqual(
      wrong(404, 5, "No traces found", "Not Found"),
    );
  });

  test("a structured filter is refused, never ignored", async () => {
    const { status } = await get(`/traces?${times}&query.filter=%7B%7D`);
    expect(status).toBe(501);
  });

  test("bodies that are none", async () => {
    for (const payload of ["", "{", "[]", '{"query":5}']) {
      const headers = { "content-type": "application/json" };
      const url = "/jaeger/api/v3/traces";
      const answer = await server.inject({ method: "POST", url, headers, payload });
      expect(answer.statusCode).toBe(400);
      expect(answer.json()).toMatchObject({ error: { httpCode: 400 } });
    }
  });
});
