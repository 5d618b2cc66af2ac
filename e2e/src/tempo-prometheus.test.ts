// The Tempo and Prometheus APIs of a real server over a real store: spans go in by OTLP, and come out as
// Grafana's data sources ask for them, over HTTP and gRPC.

import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const grpcPort = 5480;
const start = nowNano() - 5_000_000_000n;
const seconds = Math.floor(Date.now() / 1000);
const hostile = `'; DROP TABLE spans; -- " \\ \u2603`;

const root: OtlpSpan = spanOf({
  name: "GET /cart",
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(start + 20_000_000n),
  attributes: [stringAttribute("note", hostile), { key: "retries", value: { intValue: "3" } }],
  status: { code: 2, message: "refused" },
});
const call: OtlpSpan = spanOf({
  traceId: root.traceId,
  parentSpanId: root.spanId,
  name: "call cart",
  kind: 3,
  startTimeUnixNano: String(start + 2_000_000n),
  endTimeUnixNano: String(start + 12_000_000n),
});
const load: OtlpSpan = spanOf({
  traceId: root.traceId,
  parentSpanId: call.spanId,
  name: "load",
  startTimeUnixNano: String(start + 3_000_000n),
  endTimeUnixNano: String(start + 11_000_000n),
});

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ CLEW_TEMPO_GRPC_PORT: String(grpcPort) });
  await send(server, "tp-web", [root, call]);
  await send(server, "tp-cart", [load]);
  await traceOf(server, root.traceId, 3);
  // What is answered from rollups is stored just after the spans; edges wait for both of their sides.
  await until("the edge is counted", 20_000, async () => {
    const found = await prometheus("sum(increase(traces_service_graph_request_total[1h]))");
    return found.length > 0;
  });
});
afterAll(() => server.dispose());

async function tempo<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const answer = await fetch(
    `${server.url}/tempo/api${path}?${new URLSearchParams(query).toString()}`,
  );
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
  return JSON.parse(text) as T;
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

async function prometheus(query: string): Promise<readonly Sample[]> {
  const answer = await fetch(`${server.url}/prometheus/api/v1/query`, {
    method: "POST",
    body: new URLSearchParams({ query }),
  });
  const body = (await answer.json()) as { data: { result: readonly Sample[] }; error?: string };
  if (answer.status !== 200) throw new Error(body.error);
  return body.data.result;
}

interface Search {
  readonly traces: readonly {
    readonly traceID: string;
    readonly spanSets: readonly {
      readonly matched: number;
      readonly spans: readonly { readonly name: string; readonly attributes?: unknown }[];
    }[];
  }[];
}

const range = { start: String(seconds - 3600), end: String(seconds + 60) };

describe("Tempo", () => {
  test.each([
    ["{ status = error }", ["GET /cart"]],
    ['{ resource.service.name = "tp-web" } >> { resource.service.name = "tp-cart" }', ["load"]],
    [`{ span.note = ${JSON.stringify(hostile)} }`, ["GET /cart"]],
    ["{ kind = client } | select(status, resource.service.name)", ["call cart"]],
    ['{ parent.name = "call cart" }', ["load"]],
  ])("finds %s", async (q, names) => {
    const { traces } = await tempo<Search>("/search", { q, ...range });
    expect(traces.map(({ traceID }) => traceID.padStart(32, "0"))).toEqual([root.traceId]);
    expect(traces[0]?.spanSets.flatMap(({ spans }) => spans.map(({ name }) => name))).toEqual(
      names,
    );
  });

  test("finds by tags, numbers too, and shows what was asked about", async () => {
    const query = { tags: "retries=3 service.name=tp-web", maxDuration: "1s", ...range };
    const { traces } = await tempo<Search>("/search", query);
    expect(traces[0]?.spanSets[0]?.spans[0]?.attributes).toEqual(
      expect.arrayContaining([
        { key: "retries", value: { intValue: "3" } },
        { key: "service.name", value: { stringValue: "tp-web" } },
      ]),
    );
    expect((await tempo<Search>("/search", { ...query, maxDuration: "1ms" })).traces).toEqual([]);
  });

  test("gives the trace, and the part of it that a filter leaves", async () => {
    const path = `/v2/traces/${root.traceId}`;
    const whole = JSON.stringify(await tempo(path));
    for (const name of ["GET /cart", "call cart", "load"]) expect(whole).toContain(name);
    const part = JSON.stringify(await tempo(path, { q: "{ kind = client }" }));
    expect(part).toContain("call cart");
    expect(part).not.toContain('"load"');
    expect(part).toContain("PARTIAL");
  });

  test("lists tags and values, filtered by the rest of the query", async () => {
    const { scopes } = await tempo<{ scopes: { name: string; tags: string[] }[] }>(
      "/v2/search/tags",
      { limit: "5000", ...range },
    );
    const byScope = new Map(scopes.map(({ name, tags }) => [name, tags]));
    expect(byScope.get("span")).toEqual(expect.arrayContaining(["note", "retries"]));
    expect(byScope.get("resource")).toContain("service.name");
    expect(byScope.get("intrinsic")).toContain("duration");
    const values = await tempo("/v2/search/tag/resource.service.name/values", {
      q: "{ kind = client }",
      ...range,
    });
    expect(values).toMatchObject({ tagValues: [{ type: "string", value: "tp-web" }] });
    expect(await tempo("/v2/search/tag/status/values", range)).toMatchObject({
      tagValues: expect.arrayContaining([{ type: "keyword", value: "error" }]),
    });
  });

  test("counts over time and at once", async () => {
    const q = "{} | count_over_time() by (resource.service.name)";
    const { series } = await tempo<{
      series: { labels: unknown; samples: { value: number }[] }[];
    }>("/metrics/query_range", { q, step: "60s", ...range });
    const sums = series.map(({ samples }) => samples.reduce((sum, { value }) => sum + value, 0));
    expect(sums.toSorted((a, b) => a - b)).toEqual([1, 2]);
    const instant = await tempo("/metrics/query", {
      q: "{ status = error } | count_over_time()",
      ...range,
    });
    expect(instant).toMatchObject({ series: [{ value: 1 }] });
  });

  test("refuses a wrong query in plain text that shows where", async () => {
    const answer = await fetch(
      `${server.url}/tempo/api/search?q=${encodeURIComponent("{ status = }")}`,
    );
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("1:12");
  });

  test.each(["the port of the HTTP API", "its own port"])(
    "streams over gRPC on %s",
    async (which) => {
      const port = which === "its own port" ? grpcPort : server.apiPort;
      const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
      const asIs = (bytes: Buffer): Buffer => bytes;
      // SearchRequest{Query}
      const query = Buffer.from("{ status = error }");
      const request = Buffer.concat([Buffer.from([0x42, query.length]), query]);
      const path = "/tempopb.StreamingQuerier/Search";
      const messages: Buffer[] = [];
      for await (const message of client.makeServerStreamRequest(path, asIs, asIs, request))
        messages.push(message as Buffer);
      client.close();
      expect(Buffer.concat(messages).includes("GET /cart")).toBe(true);
    },
  );
});

describe("Prometheus", () => {
  test("serves the service graph", async () => {
    const query = "sum by (client, server) (rate(traces_service_graph_request_total[3600s]))";
    expect(await prometheus(query)).toMatchObject([
      { metric: { client: "tp-web", server: "tp-cart" } },
    ]);
  });

  test("serves the RED table", async () => {
    const calls =
      'traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_ERROR"}';
    const found = await prometheus(`topk(5, sum(increase(${calls}[3600s])) by (span_name))`);
    expect(found).toMatchObject([
      { metric: { span_name: "GET /cart" }, value: [expect.anything(), "1"] },
    ]);
    const buckets = 'traces_spanmetrics_latency_bucket{span_name=~"load|nothing"}';
    const [p90] = await prometheus(`histogram_quantile(.9, sum(rate(${buckets}[3600s])) by (le))`);
    // One span of 8 ms: its bucket in the store is 4.4 % wide.
    expect(Math.abs(Number(p90?.value[1]) - 0.008)).toBeLessThan(0.0004);
  });

  test("lists values and takes hostile texts as texts", async () => {
    const answer = await fetch(`${server.url}/prometheus/api/v1/label/service/values`);
    expect(await answer.json()).toEqual({ status: "success", data: ["tp-cart", "tp-web"] });
    const text = JSON.stringify(hostile);
    expect(await prometheus(`traces_spanmetrics_calls_total{service=${text}}`)).toEqual([]);
    await expect(prometheus('traces_spanmetrics_calls_total{service=~"("}')).rejects.toThrow();
  });

  test("can be scraped", async () => {
    const answer = await fetch(`${server.url}/prometheus/metrics`);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    expect(await answer.text()).toContain("# TYPE traces_spanmetrics_latency histogram");
  });
});

test("the MCP server answers about the same spans", async () => {
  const ask = async (name: string, given: Record<string, string>): Promise<string> => {
    const params = { name, arguments: given };
    const answer = await fetch(`${server.url}/mcp`, {
      method: "POST",
      headers: {
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    });
    return await answer.text();
  };
  const found = await ask("search_traces", { query: "{ status = error }" });
  expect(found).toContain(root.traceId);
  const path = await ask("critical_path", { trace_id: root.traceId });
  expect(path).toContain("critical path of 20ms");
  expect(path).toContain("8ms (40%) tp-cart: load");
});
