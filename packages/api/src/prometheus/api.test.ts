// Prometheus' HTTP API over RED and service-graph metrics: the queries that Grafana sends, and those that people
// write. The shop has ten minutes of steady traffic, so every expected number can be counted by hand.

import { afterAll, describe, expect, test } from "vitest";
import { nowMs, redShop } from "./testing/red-shop.ts";

const { server, reader } = redShop();
afterAll(() => server.close());

interface Body {
  readonly status: string;
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric: Record<string, string>;
      readonly value: [number, string];
      readonly values: [number, string][];
    }[];
  };
}

async function post(path: string, form: Record<string, string>): Promise<Body> {
  const answer = await server.inject({
    method: "POST",
    url: `/prometheus/api/v1/${path}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: new URLSearchParams(form).toString(),
  });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

/** Value by labels (joined) of an instant query at noon. */
async function now(query: string): Promise<Record<string, number>> {
  const { data } = await post("query", { query, time: String(nowMs / 1000) });
  expect(data.resultType).toBe("vector");
  return Object.fromEntries(
    data.result.map(({ metric, value }) => [Object.values(metric).join(" "), Number(value[1])]),
  );
}

async function get(path: string): Promise<unknown> {
  const answer = await server.inject(`/prometheus/api/v1/${path}`);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<{ data: unknown }>().data;
}

async function refused(query: string): Promise<{ errorType: string; error: string }> {
  const url = `/prometheus/api/v1/query?${new URLSearchParams({ query }).toString()}`;
  const answer = await server.inject(url);
  expect(answer.statusCode).toBe(400);
  const body = answer.json<{ status: string; errorType: string; error: string }>();
  expect(body.status).toBe("error");
  return body;
}

describe("Grafana's service graph", () => {
  test("gets rates of calls, failed calls and seconds by client and server", async () => {
    const by = "sum by (client, server)";
    expect(await now(`${by} (rate(traces_service_graph_request_total[600s]))`)).toEqual({
      "web cart": 9 / 60,
      "web orders": 30 / 60,
    });
    expect(await now(`${by} (rate(traces_service_graph_request_failed_total[600s]))`)).toEqual({
      "web cart": 3 / 60,
      "web orders": 0,
    });
    const seconds = await now(
      `${by} (rate(traces_service_graph_request_server_seconds_sum[600s]))`,
    );
    expect(seconds["web cart"]).toBeCloseTo((6 * 0.06 + 3 * 0.2) / 60, 9);
  });

  test("gets them with namespaces, which nobody has, and for several filters joined by OR", async () => {
    const metric = "traces_service_graph_request_total";
    const by = "sum by (client, server, client_service_namespace, server_service_namespace)";
    const query = `${by} (rate(${metric}{client="web",server="cart"}[600s])) OR ${by} (rate(${metric}{server="orders"}[600s]))`;
    expect(await now(query)).toEqual({ "web cart": 9 / 60, "web orders": 0.5 });
    expect(reader.asked.at(-1)).toMatchObject({
      by: ["client", "server"],
      matchers: [{ label: "server", operator: "=", value: "orders" }],
    });
  });

  test("gets quantiles by edge", async () => {
    const found = await now(
      "histogram_quantile(0.9, sum(rate(traces_service_graph_request_server_seconds_bucket[600s])) by (le, client, server))",
    );
    expect(found["web cart"]).toBeGreaterThan(0.19);
    expect(found["web cart"]).toBeLessThan(0.21);
  });

  test("finds no native histograms, and is told so by an empty answer", async () => {
    const metric = "traces_service_graph_request_server_seconds";
    expect(await now(`sum by (client, server) (rate(${metric}[600s]))`)).toEqual({});
    expect(await now(`histogram_sum(sum(rate(${metric}[600s])))`)).toEqual({});
  });
});

describe("Grafana's RED table", () => {
  test("gets the five busiest operations", async () => {
    const calls = 'traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER"}';
    const found = await now(`topk(5, sum(rate(${calls}[600s])) by (span_name))`);
    expect(Object.entries(found)).toEqual([
      ["GET /cart", 0.1],
      ["load", 0.1],
      ["POST /pay", 0.05],
    ]);
  });

  test("gets the errors of operations that it names by an escaped pattern", async () => {
    const calls =
      'traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR",span_name=~"GET /cart|POST /pay|a\\\\.b"}';
    expect(await now(`topk(5, sum(rate(${calls}[600s])) by (span_name))`)).toEqual({
      "POST /pay": 1 / 60,
    });
    const sent = reader.asked.at(-1)?.matchers.find(({ label }) => label === "span_name");
    expect(sent?.value).toBe("GET /cart|POST /pay|a\\.b");
  });

  test("gets durations that are within a bucket of the store, not of Tempo's doubling ones", async () => {
    const buckets = 'traces_spanmetrics_latency_bucket{span_name=~"POST /pay"}';
    const found = await now(`histogram_quantile(.5, sum(rate(${buckets}[600s])) by (le))`);
    expect(found[""]).toBeGreaterThan(0.38);
    expect(found[""]).toBeLessThan(0.42);
  });
});

test("a quantile of added histograms is that of their spans together", async () => {
  const bucket = "traces_spanmetrics_latency_bucket";
  const [cart, pay] = ["GET /cart", "POST /pay"].map(
    (name) => `rate(${bucket}{span_name="${name}"}[600s])`,
  );
  // 6 of 0.1 s, 2 of 0.4 s and 1 of 2 s a minute: the median lies in Tempo's bucket from 64 to 128 ms.
  for (const buckets of [
    `sum by (le) (${cart} or ${pay})`,
    `sum by (le) (${cart}) + on (le) sum by (le) (${pay})`,
    `sum by (le) (rate({__name__=~"${bucket}|nothing",service="web",span_kind="SPAN_KIND_SERVER"}[600s]))`,
  ]) {
    const [median] = Object.values(await now(`histogram_quantile(0.5, ${buckets})`));
    expect(median).toBeGreaterThan(0.064);
    expect(median).toBeLessThan(0.128);
  }
});

test("the health check of a data source is answered", async () => {
  const { data } = await post("query", { query: "1+1", time: "4" });
  expect(data).toEqual({ resultType: "scalar", result: [4, "2"] });
});

describe("panels that people write", () => {
  test("a share of errors", async () => {
    const errors =
      'sum by (service) (rate(traces_spanmetrics_calls_total{status_code="STATUS_CODE_ERROR"}[5m]))';
    const all = "sum by (service) (rate(traces_spanmetrics_calls_total[5m]))";
    expect((await now(`100 * ${errors} / ${all}`))["web"]).toBeCloseTo(100 / 39, 9);
    expect(await now(`${errors} / ${all} > 0.5`)).toEqual({});
  });

  test("an average duration", async () => {
    const query =
      "sum(rate(traces_spanmetrics_latency_sum{service='cart'}[5m])) / sum(rate(traces_spanmetrics_latency_count{service='cart'}[5m]))";
    expect((await now(query))[""]).toBeCloseTo(0.05, 9);
  });

  test("buckets have Tempo's bounds, are cumulative and end with +Inf", async () => {
    const { data } = await post("query", {
      query: 'sum by (le) (increase(traces_spanmetrics_latency_bucket{service="web"}[10m]))',
      time: String(nowMs / 1000),
    });
    const counts = new Map(data.result.map(({ metric, value }) => [metric["le"], value[1]]));
    expect(counts.size).toBe(15);
    expect(counts.get("0.002")).toBe("0");
    expect(counts.get("0.016")).toBe("300");
    expect(counts.get("0.512")).toBe("380");
    expect(counts.get("+Inf")).toBe("390");
  });

  test("a counter counts since midnight, whatever window was asked for", async () => {
    expect(await now('sum(traces_spanmetrics_calls_total{service="cart"})')).toEqual({ "": 60 });
    expect(await now('sum(traces_spanmetrics_calls_total{service="cart"} offset 5m)')).toEqual({
      "": 30,
    });
    expect(reader.asked.at(-1)?.range.startNano).toBe(BigInt(Date.UTC(2027, 0, 15)) * 1_000_000n);
  });

  test("a long window and a counter take in the minute that is not over yet", async () => {
    const at = async (query: string): Promise<unknown> => {
      const later = redShop(nowMs - 30_000).server;
      const url = `/prometheus/api/v1/query?${new URLSearchParams({ query }).toString()}`;
      const answer = await later.inject(url);
      await later.close();
      return answer.json<Body>().data.result[0]?.value[1];
    };
    const calls = 'traces_spanmetrics_calls_total{service="cart"}';
    expect(await at(`sum(increase(${calls}[5m]))`)).toBe("30");
    expect(await at(`sum(${calls})`)).toBe("60");
    expect(await at(`sum(increase(${calls}[1m]))`)).toBe("6");
    expect(await at(`sum(increase(${calls}[10m]))`)).toBe("60");
  });

  test("over time, one point a step, from bins as wide as the step allows", async () => {
    const form = {
      query: "sum(increase(traces_spanmetrics_calls_total[2m]))",
      start: String(nowMs / 1000 - 840),
      end: String(nowMs / 1000),
      step: "120",
    };
    const { data } = await post("query_range", form);
    expect(data.resultType).toBe("matrix");
    expect(data.result[0]?.values.map(([, value]) => value)).toEqual([
      "0",
      "0",
      "0",
      "90",
      "90",
      "90",
      "90",
      "90",
    ]);
    expect(reader.asked.at(-1)?.stepNano).toBe(120_000_000_000n);
    const fine = await post("query_range", { ...form, step: "15s" });
    expect(fine.data.result[0]?.values.length).toBe(57);
    expect(reader.asked.at(-1)?.stepNano).toBe(60_000_000_000n);
  });

  test("a rate over less than a minute is that of a whole one", async () => {
    expect(await now('sum(rate(traces_spanmetrics_calls_total{service="cart"}[15s]))')).toEqual({
      "": 0.1,
    });
    expect(await now('sum(irate(traces_spanmetrics_calls_total{service="cart"}[5m]))')).toEqual({
      "": 0.1,
    });
  });

  test("other aggregations, operators and functions", async () => {
    const rate = "sum by (service) (rate(traces_spanmetrics_calls_total[10m]))";
    expect(await now(`max(${rate})`)).toEqual({ "": 0.65 });
    expect(await now(`count(${rate})`)).toEqual({ "": 2 });
    expect(await now(`avg without (service) (${rate})`)).toEqual({ "": 0.375 });
    expect(await now(`bottomk(1, ${rate})`)).toEqual({ cart: 0.1 });
    expect(await now(`round(${rate}, 0.5) == bool 0.5`)).toEqual({ web: 1, cart: 0 });
    expect(await now(`${rate} and ${rate} > 0.5`)).toEqual({ web: 0.65 });
    expect(await now(`${rate} unless on (service) ${rate} > 0.5`)).toEqual({ cart: 0.1 });
    expect(await now(`${rate} or vector(0)`)).toEqual({ web: 0.65, cart: 0.1, "": 0 });
    expect(await now(`clamp_max(${rate}, 0.2)`)).toEqual({ web: 0.2, cart: 0.1 });
    expect(await now(`-${rate} ^ 2 + 2 * 3`)).toMatchObject({ cart: 6 - 0.1 ** 2 });
    expect(await now("absent(nothing_of_the_kind)")).toEqual({ "": 1 });
  });

  test("nobody sees another tenant's series", async () => {
    await server.inject({
      url: "/prometheus/api/v1/query?query=traces_spanmetrics_calls_total",
      headers: { "x-scope-orgid": "team-a" },
    });
    expect(reader.asked.at(-1)?.tenant).toBe("team-a");
  });
});

describe("lists for completion", () => {
  test("label names, of all metrics or of those that match", async () => {
    expect(await get("labels")).toEqual([
      "__name__",
      "client",
      "connection_type",
      "le",
      "server",
      "service",
      "span_kind",
      "span_name",
      "status_code",
    ]);
    expect(await get("labels?match[]=traces_service_graph_request_total")).toEqual([
      "__name__",
      "client",
      "connection_type",
      "server",
    ]);
  });

  test("label values", async () => {
    expect(await get("label/service/values")).toEqual(["cart", "web"]);
    expect(await get('label/span_name/values?match[]={service="cart"}')).toEqual(["load"]);
    expect(await get('label/__name__/values?match[]={__name__=~".*failed.*"}')).toEqual([
      "traces_service_graph_request_failed_total",
    ]);
    expect(await get('label/__name__/values?match[]={__name__=~"(?i).*FAILed.*"}')).toEqual([
      "traces_service_graph_request_failed_total",
    ]);
    expect(await get("label/connection_type/values")).toEqual(["database"]);
    expect(await get("label/nothing/values")).toEqual([]);
    const early = nowMs / 1000 - 7200;
    expect(await get(`label/service/values?start=${early}&end=${early + 60}`)).toEqual([]);
  });

  test("series", async () => {
    expect(await get("series?match[]=traces_service_graph_request_total")).toEqual([
      { __name__: "traces_service_graph_request_total", client: "web", server: "cart" },
      {
        __name__: "traces_service_graph_request_total",
        client: "web",
        server: "orders",
        connection_type: "database",
      },
    ]);
    expect(
      (await get('series?match[]={__name__=~".*latency_bucket",le=~"16.384|0.002"}')) as unknown[],
    ).toHaveLength(10);
  });

  test("metadata and buildinfo", async () => {
    expect(await get("metadata")).toMatchObject({
      traces_spanmetrics_latency: [{ type: "histogram" }],
      traces_service_graph_request_total: [{ type: "counter" }],
    });
    expect(await get("status/buildinfo")).toMatchObject({ revision: "clew-1.2.3" });
  });
});

describe("what is wrong or not supported is told with its place:", () => {
  test.each([
    ["", 'invalid parameter "query"'],
    ["sum(", "1:5: parse error: unexpected end of input"],
    ["sum(a))", '1:7: parse error: unexpected ")"'],
    ["rate(a)", "1:6: parse error: rate expects a range vector"],
    ["a[5m]", "1:1: parse error: a range vector is not supported here"],
    ["a[5m:1m]", "1:2: parse error: a subquery is not supported"],
    ["sum(\n  stddev(a))", "2:3: parse error: stddev is not supported"],
    ["predict_linear(a[5m], 3)", "1:1: parse error: function predict_linear is not supported"],
    ["frobnicate(a)", '1:1: parse error: unknown function with name "frobnicate"'],
    [
      "a * on (b) group_left c",
      "1:12: parse error: group_left (many-to-one matching) is not supported",
    ],
    ["a @ 5", "1:3: parse error: the @ modifier is not supported"],
    ["1 > 2", "1:3: parse error: comparisons between scalars must use BOOL modifier"],
    ["a and 1", 'set operator "and" not allowed'],
    ["rate(a[5m], 2)", "expected 1 argument(s)"],
    ['a{b="c}', "1:5: parse error: unterminated quoted string"],
    ["a{b=c}", '1:5: parse error: unexpected "c", expected a string'],
    ["{}", "must contain at least one non-empty matcher"],
    ['{__name__=~"(a+)+b"}', "is not supported for this label"],
    ["a ! b", "unexpected character"],
    ["(".repeat(500), "nested too deeply"],
    [`1${"+1".repeat(1000)}`, "too many operators"],
    ["-".repeat(60_000) + "1", "nested too deeply"],
  ])("%j", async (query, problem) => {
    const { errorType, error } = await refused(query);
    expect(errorType).toBe("bad_data");
    expect(error).toContain(problem);
  });

  test.each([
    [{ step: "0" }, "zero or negative"],
    [{ start: "10" }, "end timestamp must not be before start"],
    [{ end: "100000" }, "exceeded maximum resolution of 11000 points"],
    [{ start: "soon" }, "cannot parse"],
    [{ step: "fast" }, "cannot parse"],
  ])("a range with %j", async (change, problem) => {
    const query = new URLSearchParams({ query: "a", start: "1", end: "2", step: "1", ...change });
    const answer = await server.inject(`/prometheus/api/v1/query_range?${query.toString()}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json<{ error: string }>().error).toContain(problem);
  });

  test("an unknown path, also where the web UI's files take all paths", async () => {
    const { server: listener } = redShop();
    listener.get("/*", async () => "a file");
    const answer = await listener.inject("/prometheus/api/v1/nothing");
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { errorType: "not_found" }]);
    await listener.close();
  });

  test("a method that is not taken", async () => {
    const answer = await server.inject({ method: "DELETE", url: "/prometheus/api/v1/series" });
    expect([answer.statusCode, answer.headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
    expect(answer.json()).toMatchObject({ status: "error" });
  });
});

describe("scraping", () => {
  test("shows counters and histograms since midnight", async () => {
    const answer = await server.inject("/prometheus/metrics");
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = answer.body.split("\n");
    expect(lines).toContain("# TYPE traces_spanmetrics_calls_total counter");
    expect(lines).toContain(
      'traces_spanmetrics_calls_total{service="cart",span_name="load",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET"} 60',
    );
    expect(lines).toContain("# TYPE traces_service_graph_request_server_seconds histogram");
    expect(lines).toContain(
      'traces_service_graph_request_server_seconds_bucket{client="web",server="orders",connection_type="database",le="0.1"} 300',
    );
  });

  test("tells operations apart no more when they are too many", async () => {
    const shop = redShop();
    const spanIncrements = shop.reader.spanIncrements.bind(shop.reader);
    shop.reader.spanIncrements = async (query, signal) => {
      const [first, ...others] = await spanIncrements(query, signal);
      if (first === undefined || !query.by.includes("span_name"))
        return [...(first === undefined ? [] : [first]), ...others];
      return Array.from({ length: 2001 }, (_, i) => ({
        ...first,
        labels: { ...first.labels, span_name: String(i) },
      }));
    };
    const { body } = await shop.server.inject("/prometheus/metrics");
    expect(body).toContain(
      'service="cart",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET",span_name="__cardinality_overflow__"} 60',
    );
    expect(body).not.toContain('span_name="7"');
    await shop.server.close();
  });
});
