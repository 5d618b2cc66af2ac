// Search, tags and metrics of Tempo's HTTP API: what the reader is asked, and the exact JSON that comes back.

import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { now, payTrace } from "../native/testing/shop.ts";
import { cost, memoryTraceqlReader } from "./testing/memory-traceql-reader.ts";
import { decode } from "./testing/tempo-proto.ts";
import { foundTraces, tempoShop } from "./testing/tempo-shop.ts";

const hour = 3_600_000_000_000n;
const traceql = memoryTraceqlReader({
  traces: foundTraces,
  metrics: {
    cost,
    series: [
      {
        labels: [
          { name: "resource.service.name", value: { type: "string", value: "web" } },
          { name: "p", value: { type: "float", value: 0.9 } },
          { name: "span.missing", value: { type: "nil" } },
        ],
        samples: [
          { timeMs: 1_700_000_000_000, value: 1.5 },
          { timeMs: 1_700_000_060_000, value: 0 },
        ],
        exemplars: [
          { traceId: payTrace, spanId: "00000000000000b1", timeMs: 1_700_000_000_500, value: 0.2 },
        ],
      },
    ],
  },
  names: [
    { scope: "resource", names: ["service.name"] },
    { scope: "span", names: ["http.route", "a b"] },
    { scope: "event", names: [] },
    { scope: "intrinsic", names: ["duration", "name"] },
  ],
  values: [
    { type: "string", value: "web", count: 5 },
    { type: "int", value: "200", count: 1 },
    { type: "string", value: "cart", count: 1 },
  ],
});
const { server } = tempoShop(traceql);
afterAll(() => server.close());

async function get(path: string, query: Record<string, string> = {}): Promise<unknown> {
  const answer = await server.inject(`/tempo/api${path}?${new URLSearchParams(query).toString()}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

async function refused(path: string, query: Record<string, string>): Promise<[number, string]> {
  const answer = await server.inject(`/tempo/api${path}?${new URLSearchParams(query).toString()}`);
  expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  return [answer.statusCode, answer.body];
}

test("a search that would show too many spans over all its pages is refused", async () => {
  const [model] = foundTraces;
  if (model === undefined) throw new Error("the shop has a trace");
  const span = model.spansets[0]?.spans[0];
  if (span === undefined) throw new Error("the trace shows a span");
  const spans = Array.from({ length: 100 }, () => span);
  const large = { ...model, spansets: [{ matched: 100, values: [], spans }] };
  const traces = Array.from({ length: 2600 }, () => large);
  const { server: shop } = tempoShop(memoryTraceqlReader({ traces }));
  const asked = `/tempo/api/search?start=1&end=${now / 1_000_000_000n + 1n}&limit=`;
  const refusal = await shop.inject(`${asked}100000`);
  expect([refusal.statusCode, refusal.body]).toEqual([
    422,
    expect.stringContaining("more than 250000 spans"),
  ]);
  expect((await shop.inject(`${asked}20`)).statusCode).toBe(200);
  await shop.close();
});

describe("search", () => {
  test("answers with exactly Tempo's fields", async () => {
    expect(await get("/search", { q: "{ status = error }", limit: "1" })).toEqual({
      traces: [
        {
          traceID: payTrace,
          rootServiceName: "web",
          rootTraceName: "POST /pay",
          startTimeUnixNano: String(now - 30_000_000_000n),
          durationMs: 2000,
          spanSet: expect.anything(),
          spanSets: [
            {
              matched: 1,
              attributes: [{ key: "count()", value: { intValue: "1" } }],
              spans: [
                {
                  spanID: "00000000000000b1",
                  name: "POST /pay",
                  startTimeUnixNano: String(now - 30_000_000_000n),
                  durationNanos: "2000000000",
                  attributes: [
                    { key: "http.response.status_code", value: { intValue: "502" } },
                    { key: "status", value: { stringValue: "error" } },
                    { key: "event:timeSinceStart", value: { stringValue: "1.5ms" } },
                    { key: "load", value: { doubleValue: 0.25 } },
                  ],
                },
              ],
            },
          ],
          serviceStats: { web: { spanCount: 1, errorCount: 1 } },
        },
      ],
      metrics: {
        inspectedTraces: 3,
        inspectedBytes: "34000",
        inspectedSpans: "1200",
        completedJobs: 1,
        totalJobs: 1,
      },
    });
  });

  test("shows a trace without root as Tempo does, and leaves out leading zeros of its id", async () => {
    const { traces } = (await get("/search", { q: "{}" })) as { traces: unknown[] };
    expect(traces[1]).toMatchObject({
      traceID: "ca270",
      rootServiceName: "<root span not yet received>",
      durationMs: 12,
    });
  });

  test("is the same in protobuf", async () => {
    const headers = { accept: "application/protobuf" };
    const answer = await server.inject({ url: "/tempo/api/search?q={}&limit=1", headers });
    expect(decode("SearchResponse", answer.rawPayload)).toMatchObject({
      traces: [{ traceID: payTrace, durationMs: 2000, spanSets: [{ matched: 1 }] }],
      metrics: { inspectedBytes: "34000", inspectedSpans: "1200" },
    });
  });

  test("shows three spans of a set when none are asked for, as tempo-cli does by spss=0", async () => {
    for (const spss of [{}, { spss: "0" }]) {
      await get("/search", { q: "{}", ...spss });
      expect(traceql.searches.at(-1)).toMatchObject({ spansPerSpanset: 3 });
    }
  });

  test("asks for what the parameters say, in seconds, nanoseconds or as a date", async () => {
    const q = "{ .a = 1 }";
    await get("/search", { q, limit: "7", spss: "5", start: "1800000000", end: "1800003600" });
    expect(traceql.searches.at(-1)).toMatchObject({
      tenant: "default",
      range: { startNano: 1_800_000_000n * 1_000_000_000n, endNano: 1_800_003_600_000_000_000n },
      limit: 7,
      spansPerSpanset: 5,
      sort: "newest",
    });
    await get("/search", { q, start: "1800000000000000000", end: "2027-01-15T09:00:00Z" });
    expect(traceql.searches.at(-1)?.range).toEqual({
      startNano: 1_800_000_000_000_000_000n,
      endNano: 1_800_003_600_000_000_000n,
    });
  });

  test("without times looks at the last day, newest 20 traces, three spans each", async () => {
    await get("/search");
    expect(traceql.searches.at(-1)).toMatchObject({
      range: { startNano: now - 24n * hour, endNano: now },
      limit: 20,
      spansPerSpanset: 3,
      query: { pipeline: { stages: [{ condition: { type: "bool", value: true } }] } },
    });
  });

  test("reads more pages than one for a large limit", async () => {
    const many = Array.from({ length: 2500 }, (_, i) => ({
      ...foundTraces[0]!,
      traceId: `a${i.toString(16).padStart(31, "0")}`,
    }));
    const reader = memoryTraceqlReader({ traces: many });
    const large = tempoShop(reader).server;
    const answer = await large.inject("/tempo/api/search?q={}&limit=2200");
    const { traces } = answer.json<{ traces: { traceID: string }[] }>();
    expect(new Set(traces.map(({ traceID }) => traceID)).size).toBe(2200);
    expect(reader.searches.map(({ limit }) => limit)).toEqual([1000, 1000, 200]);
    expect(answer.headers["x-clew-next-cursor"]).toBe("2200");
    await large.close();
  });

  test("by tags becomes a query on one span", async () => {
    const tags = "service.name=web http.status_code=500 error=true";
    await get("/search", { tags, minDuration: "100ms", maxDuration: "2s" });
    const [stage] = traceql.searches.at(-1)?.query.pipeline.stages ?? [];
    expect(
      JSON.stringify(stage, (_, value: unknown) =>
        typeof value === "bigint" ? `${value}` : value,
      ),
    ).toMatch(/service\.name.*http\.status_code.*100000000.*2000000000/s);
  });

  test.each([
    [{ q: "{ status = " }, 400, ""],
    [{ q: "{} | rate()" }, 400, "metrics query"],
    [{ q: "{}", tags: "a=b" }, 400, "can't specify tags and q"],
    [{ tags: 'a="b' }, 400, "not logfmt at position 0"],
    [{ limit: "0" }, 400, "invalid limit: must be a positive number"],
    [{ limit: "ten" }, 400, "invalid limit"],
    [{ spss: "-1" }, 400, "invalid spss"],
    [{ minDuration: "fast" }, 400, "invalid minDuration"],
    [{ minDuration: "2s", maxDuration: "1s" }, 400, "invalid maxDuration"],
    [{ start: "yesterday" }, 400, "invalid start"],
    [{ start: "20", end: "10" }, 400, "start must be before end. received start=20 end=10"],
  ])("refuses %j in plain text", async (query, status, text) => {
    const [code, body] = await refused("/search", query);
    expect(code).toBe(status);
    expect(body).toContain(text);
  });

  test("ignores parameters it does not know, and refuses impossible tenants", async () => {
    await get("/search", { q: "{}", shiny: "new" });
    const headers = { "x-scope-orgid": "a|b" };
    expect((await server.inject({ url: "/tempo/api/search", headers })).statusCode).toBe(400);
  });
});

describe("tags", () => {
  test("have their scopes in version 2", async () => {
    expect(await get("/v2/search/tags", { limit: "5000" })).toEqual({
      scopes: [
        { name: "resource", tags: ["service.name"] },
        { name: "span", tags: ["http.route", "a b"] },
        { name: "intrinsic", tags: ["duration", "name"] },
      ],
      metrics: { inspectedBytes: "34000", totalJobs: 1, completedJobs: 1 },
    });
    expect(traceql.tagsAsked.at(-1)?.limit).toBe(5000);
  });

  test("are attributes alone in version 1", async () => {
    expect(await get("/search/tags")).toMatchObject({
      tagNames: ["a b", "http.route", "service.name"],
    });
  });

  test("of one scope; an unknown one is refused", async () => {
    await get("/v2/search/tags", { scope: "resource" });
    expect(traceql.tagsAsked.at(-1)).toMatchObject({ scope: "resource" });
    expect(await refused("/v2/search/tags", { scope: "galaxy" })).toEqual([
      400,
      expect.stringContaining('invalid scope: "galaxy"'),
    ]);
  });

  test("have typed values in version 2, texts in version 1", async () => {
    expect(await get("/v2/search/tag/.http.route/values")).toMatchObject({
      tagValues: [
        { type: "string", value: "web" },
        { type: "int", value: "200" },
        { type: "string", value: "cart" },
      ],
    });
    expect(await get("/search/tag/service.name/values")).toMatchObject({
      tagValues: ["web", "200", "cart"],
    });
    expect(traceql.tagsAsked.at(-1)).toMatchObject({
      field: { kind: "attribute", scope: "any", name: "service.name" },
    });
  });

  test.each([
    ["resource.service.name", { kind: "attribute", scope: "resource", name: "service.name" }],
    [".a b", { kind: "attribute", scope: "any", name: "a b" }],
    ['span."x y".z', { kind: "attribute", scope: "span", name: "x y.z" }],
    ["name", { kind: "intrinsic", name: "span:name" }],
    ["rootServiceName", { kind: "intrinsic", name: "trace:rootService" }],
    ["event:name", { kind: "intrinsic", name: "event:name" }],
    ["span.'; DROP TABLE spans", { kind: "attribute", name: "'; DROP TABLE spans" }],
  ])("the tag %s is a field", async (tag, field) => {
    await get(`/v2/search/tag/${encodeURIComponent(tag)}/values`);
    expect(traceql.tagsAsked.at(-1)).toMatchObject({ field });
  });

  test("values are of spans that meet the query; a half-typed one does no harm", async () => {
    const path = "/v2/search/tag/.a/values";
    await get(path, { q: "{ status = error }" });
    expect(traceql.tagsAsked.at(-1)).toMatchObject({ filter: { kind: "filter" } });
    await get(path, { q: "{ .b = 1 && status = " });
    expect(traceql.tagsAsked.at(-1)).toMatchObject({ filter: { condition: { operator: "=" } } });
    for (const q of ["{}", "{ status = ", "{ .a = 1 } && { .b = 2 }"]) {
      await get(path, { q });
      expect(traceql.tagsAsked.at(-1)).not.toHaveProperty("filter");
    }
  });

  test("values by type for language models", async () => {
    const headers = { accept: "application/vnd.grafana.llm" };
    const answer = await server.inject({ url: "/tempo/api/v2/search/tag/.a/values", headers });
    expect(JSON.parse(answer.body)).toMatchObject({
      tagValues: { string: ["web", "cart"], int: ["200"] },
    });
  });

  test("without scope is refused in version 2", async () => {
    const [status, body] = await refused("/v2/search/tag/nonsense/values", {});
    expect([status, body]).toEqual([400, expect.stringContaining("not valid intrinsic or scoped")]);
  });
});

describe("metrics", () => {
  test("over a range have labels, samples and exemplars", async () => {
    expect(await get("/metrics/query_range", { q: "{} | rate()" })).toEqual({
      series: [
        {
          labels: [
            { key: "resource.service.name", value: { stringValue: "web" } },
            { key: "p", value: { doubleValue: 0.9 } },
            { key: "span.missing", value: { stringValue: "nil" } },
          ],
          samples: [
            { timestampMs: "1700000000000", value: 1.5 },
            { timestampMs: "1700000060000", value: 0 },
          ],
          exemplars: [
            {
              labels: [
                { key: "trace:id", value: { stringValue: payTrace } },
                { key: "span:id", value: { stringValue: "00000000000000b1" } },
              ],
              value: 0.2,
              timestampMs: "1700000000500",
            },
          ],
        },
      ],
      metrics: expect.anything(),
    });
    expect(traceql.metricsAsked.at(-1)).toMatchObject({
      range: { startNano: now - hour, endNano: now },
      stepNano: 15_000_000_000n,
      exemplars: 100,
    });
  });

  test("over a range at once have one value", async () => {
    expect(await get("/metrics/query", { query: "{} | rate()", since: "30m" })).toMatchObject({
      series: [{ labels: expect.anything(), value: 0 }],
    });
    expect(traceql.metricsAsked.at(-1)).not.toHaveProperty("stepNano");
    expect(traceql.metricsAsked.at(-1)?.range.startNano).toBe(now - hour / 2n);
  });

  test.each([
    [{ step: "30" }, 30_000_000_000n],
    [{ step: "0.5" }, 500_000_000n],
    [{ step: "1m30s" }, 90_000_000_000n],
    [{ since: "24h" }, 300_000_000_000n],
    [{ since: "168h" }, 2_400_000_000_000n],
    [{ start: "1799999990.5" }, 50_000_000n],
    [{ start: "1799999700" }, 1_000_000_000n],
  ])("with %j step by %d ns", async (query, step) => {
    await get("/metrics/query_range", { q: "{} | rate()", ...query });
    expect(traceql.metricsAsked.at(-1)?.stepNano).toBe(step);
  });

  test("a hint about exemplars counts more than the parameter", async () => {
    await get("/metrics/query_range", { q: "{} | rate() with(exemplars=5)", exemplars: "50" });
    expect(traceql.metricsAsked.at(-1)?.exemplars).toBe(5);
    await get("/metrics/query_range", { q: "{} | rate() with(exemplars=false)" });
    expect(traceql.metricsAsked.at(-1)?.exemplars).toBe(0);
  });

  test("that are not whole say so", async () => {
    const reader = memoryTraceqlReader({ metrics: { series: [], cost, partial: "too many" } });
    const other = tempoShop(reader).server;
    const answer = await other.inject("/tempo/api/metrics/query_range?q=%7B%7D|rate()");
    expect(answer.json()).toMatchObject({ series: [], status: "PARTIAL", message: "too many" });
    await other.close();
  });

  test.each([
    [{}, "the query is missing"],
    [{ q: "{}" }, "not a metrics query"],
    [{ q: "{} | rate()", step: "0" }, "invalid step"],
    [{ q: "{} | rate()", step: "1ms" }, "step is too small"],
    [{ q: "{} | rate()", start: "20", end: "10" }, "start must be before end"],
    [{ q: "{} | rate()", since: "long" }, "invalid since"],
  ])("refuse %j", async (query, text) => {
    const [status, body] = await refused("/metrics/query_range", query);
    expect([status, body]).toEqual([400, expect.stringContaining(text)]);
  });
});

describe("around the queries", () => {
  test("answers are compressed for clients that can read it", async () => {
    const reader = memoryTraceqlReader({
      traces: [{ ...foundTraces[0]!, rootName: "x".repeat(5000) }],
    });
    const other = tempoShop(reader).server;
    for (const accept of ["application/json", "application/protobuf"]) {
      const headers = { accept, "accept-encoding": "gzip" };
      const answer = await other.inject({ url: "/tempo/api/search?q={}", headers });
      expect(answer.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(answer.rawPayload).length).toBeGreaterThan(5000);
    }
    await other.close();
  });

  test("echo, ready and buildinfo answer", async () => {
    expect((await server.inject("/tempo/api/echo")).body).toBe("echo");
    expect((await server.inject("/tempo/ready")).body).toBe("ready\n");
    expect((await server.inject("/tempo/api/status/buildinfo")).json()).toMatchObject({
      version: expect.stringMatching(/^2\.\d+\.\d+$/),
      revision: "clew-1.2.3",
    });
  });

  test("a path that does not decode is refused in plain text", async () => {
    const answer = await server.inject("/tempo/api/v2/search/tag/%zz/values");
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  });

  test("an unknown path is 404 in plain text, also where the web UI's files take all paths", async () => {
    const { server: listener } = tempoShop();
    listener.get("/*", async () => "a file");
    for (const method of ["GET", "POST"] as const) {
      const answer = await listener.inject({ method, url: "/tempo/api/nothing" });
      expect([answer.statusCode, answer.headers["content-type"], answer.body]).toEqual([
        404,
        "text/plain; charset=utf-8",
        `there is nothing at ${method} /tempo/api/nothing`,
      ]);
    }
    await listener.close();
  });

  test.each(["search", "v2/traces/1", "metrics/query", "echo"])(
    "another method than GET on /api/%s is 405",
    async (path) => {
      const answer = await server.inject({ method: "POST", url: `/tempo/api/${path}` });
      expect([answer.statusCode, answer.headers["allow"], answer.body]).toEqual([
        405,
        "GET, HEAD",
        "POST is not possible here",
      ]);
    },
  );
});

test("large answers are written piece by piece, never as one text", async () => {
  const series = Array.from({ length: 500 }, (_, i) => ({
    labels: [{ name: "name", value: { type: "string", value: String(i) } as const }],
    samples: Array.from({ length: 20 }, (_sample, step) => ({ timeMs: step + 1, value: i })),
    exemplars: [],
  }));
  const { server: shop } = tempoShop(
    memoryTraceqlReader({ metrics: { series, cost, partial: "some" } }),
  );
  const answer = await shop.inject("/tempo/api/metrics/query_range?q={}|rate()");
  const body = answer.json<{ series: unknown[]; status: string; message: string }>();
  expect(body).toMatchObject({ status: "PARTIAL", message: "some" });
  expect(body.series).toHaveLength(500);
  expect(answer.headers["content-length"]).toBeUndefined();
  await shop.close();
});
