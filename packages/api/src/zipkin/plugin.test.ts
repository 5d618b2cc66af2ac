// What Zipkin's routes answer, exactly, and what they say when they cannot.

import { ClewError } from "@clew/base";
import type { SearchQuery, SearchResult, ServiceMap } from "@clew/model";
import type { TraceReader } from "@clew/storage";
import { describe, expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "../native/testing/shop.ts";
import { zipkinApi } from "./plugin.ts";

const { reader: shopReader } = shop();

function serverOf(reader: () => TraceReader) {
  const server = createApiServer();
  server.register(zipkinApi, { prefix: "/zipkin", reader, now: () => now });
  return server;
}

const server = serverOf(() => shopReader);

async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await server.inject({ url: `/zipkin${url}`, headers });
  const isJson = String(answer.headers["content-type"]).startsWith("application/json");
  return { status: answer.statusCode, body: isJson ? answer.json<unknown>() : answer.body };
}

/** The searches that the store is asked for `query`. */
async function asked(query: string, map?: ServiceMap): Promise<SearchQuery[]> {
  const seen: SearchQuery[] = [];
  const reader = memoryTraceReader([]);
  reader.search = async (question): Promise<SearchResult> => {
    seen.push(question);
    return { traces: [] };
  };
  if (map !== undefined) reader.serviceMap = async () => map;
  const answer = await serverOf(() => reader).inject(`/zipkin/api/v2/traces?${query}`);
  if (seen.length === 0) throw new Error(answer.body);
  return seen;
}

describe("names:", () => {
  test("services, spans and remote services are sorted lists", async () => {
    expect((await get("/api/v2/services")).body).toEqual(["cart", "web"]);
    expect((await get("/api/v2/spans?serviceName=web")).body).toEqual(["GET /cart", "POST /pay"]);
    expect((await get("/api/v2/remoteServices?serviceName=web")).body).toEqual(["cart"]);
    expect((await get("/api/v2/spans?serviceName=none")).body).toEqual([]);
  });

  test("lists are cached only where there are more than three services", async () => {
    const services = (count: number): TraceReader => {
      const reader = memoryTraceReader([]);
      reader.services = async (query) => {
        const [one] = await shopReader.services(query);
        return Array.from({ length: count }, (_, i) => ({ ...one, service: `s${i}` }) as never);
      };
      return reader;
    };
    for (const [count, header] of [
      [3, undefined],
      [4, "max-age=300, must-revalidate"],
    ] as const) {
      const other = serverOf(() => services(count));
      for (const path of ["services", "spans?serviceName=s1", "remoteServices?serviceName=s1"]) {
        const { headers } = await other.inject(`/zipkin/api/v2/${path}`);
        expect(headers["cache-control"]).toBe(header);
      }
    }
  });

  test("any attribute can be completed", async () => {
    expect((await get("/api/v2/autocompleteKeys")).body).toContain("http.route");
    expect((await get("/api/v2/autocompleteValues?key=http.route")).body).toEqual([
      "/cart",
      "/pay",
    ]);
  });
});

describe("a search", () => {
  test("asks the store for exactly what the parameters say", async () => {
    const query = new URLSearchParams({
      serviceName: "web",
      spanName: "GET /cart",
      annotationQuery: "http.route=/cart and error and note",
      minDuration: "100",
      maxDuration: "200",
      endTs: "1800000000000",
      lookback: "60000",
      limit: "7",
    });
    expect(await asked(query.toString())).toEqual([
      {
        tenant: "default",
        range: {
          startNano: 1_799_999_940_001_000_000n,
          endNano: 1_800_000_000_001_000_000n,
        },
        filter: {
          service: "web",
          operation: "GET /cart",
          status: "error",
          minDurationNano: 100_000,
          maxDurationNano: 200_999,
          attributes: [
            { scope: "any", key: "http.route", operator: "=", value: "/cart" },
            { scope: "any", key: "note", operator: "exists" },
          ],
        },
        sort: "newest",
        limit: 7,
      },
    ]);
  });

  test("without parameters asks for the newest ten of a day", async () => {
    const [search] = await asked("serviceName=all&spanName=all");
    expect(search).toMatchObject({ limit: 10, filter: { attributes: [] } });
    expect(search?.filter).not.toHaveProperty("service");
    const { startNano = 0n, endNano = 0n } = search?.range ?? {};
    expect(endNano - startNano).toBe(86_400_000_000_000n);
  });

  test("answers a list of traces, newest first", async () => {
    const { body } = await get("/api/v2/traces?serviceName=web");
    const traces = body as { traceId: string; id: string }[][];
    expect(traces.map((trace) => trace.map(({ id }) => id))).toEqual([
      ["00000000000000b1"],
      ["00000000000000a1", "00000000000000a2"],
    ]);
    expect((await get("/api/v2/traces?serviceName=none")).body).toEqual([]);
  });
});

describe("a search for a remote service", () => {
  const map = (type: "database" | "messaging" | "external", name: string): ServiceMap => ({
    nodes: [
      { id: "web", name: "web", type: "service" },
      { id: `${type}:${name}`, name, type },
    ],
    edges: [
      {
        source: "web",
        target: `${type}:${name}`,
        count: 1,
        errorCount: 0,
        ratePerSecond: 1,
        p50Nano: 1,
        p95Nano: 1,
        p99Nano: 1,
      },
    ],
  });
  const keys = (searches: readonly SearchQuery[]): string[] =>
    searches.map(({ filter }) =>
      filter.attributes.map(({ key, value }) => `${key}=${value}`).join(" "),
    );

  test("asks for the attributes that name it", async () => {
    const query = (name: string): string => `serviceName=web&remoteServiceName=${name}`;
    expect(keys(await asked(query("bank"), map("external", "bank")))).toEqual([
      "peer.service=bank",
      "server.address=bank",
      "net.peer.name=bank",
    ]);
    expect(keys(await asked(query("orders"), map("messaging", "orders")))).toEqual([
      "peer.service=orders",
      "messaging.destination.name=orders",
      "messaging.destination=orders",
    ]);
    expect(keys(await asked(query("pg%2Fshop"), map("database", "pg/shop")))).toEqual([
      "peer.service=pg/shop",
      "db.system.name=pg db.namespace=shop",
      "db.system.name=pg server.address=shop",
      "db.system=pg db.name=shop",
      "db.system=pg net.peer.name=shop",
    ]);
    expect(keys(await asked(query("pg"), map("database", "pg")))).toEqual([
      "peer.service=pg",
      "db.system.name=pg",
      "db.system=pg",
    ]);
    expect(keys(await asked(query("unknown"), map("database", "pg")))).toEqual([
      "peer.service=unknown",
      "server.address=unknown",
      "net.peer.name=unknown",
    ]);
  });

  test("that sends spans finds the traces in which both are", async () => {
    const { body } = await get("/api/v2/traces?serviceName=web&remoteServiceName=cart");
    const traces = body as { traceId: string }[][];
    expect(traces.map(([span]) => span?.traceId)).toEqual([cartTrace.slice(16)]);
  });
});

describe("traces by id:", () => {
  test("a trace has the exact shape", async () => {
    expect(await get("/api/v2/trace/ca270")).toEqual({
      status: 200,
      body: [
        {
          traceId: "00000000000ca270",
          id: "00000000000000a1",
          kind: "SERVER",
          name: "GET /cart",
          timestamp: 1_799_999_940_000_000,
          duration: 12_000,
          localEndpoint: { serviceName: "web" },
          tags: { "http.route": "/cart", "http.response.status_code": "200" },
        },
        {
          traceId: "00000000000ca270",
          parentId: "00000000000000a1",
          id: "00000000000000a2",
          kind: "SERVER",
          name: "load",
          timestamp: 1_799_999_940_001_000,
          duration: 9000,
          localEndpoint: { serviceName: "cart" },
        },
      ],
    });
  });

  test("an id is trimmed", async () => {
    expect((await get(`/api/v2/trace/%20${payTrace}%20`)).status).toBe(200);
  });

  test("several come as a list of traces, without those that are not there", async () => {
    const { body } = await get(`/api/v2/traceMany?traceIds=${payTrace},77,ca270`);
    const traces = body as { traceId: string }[][];
    expect(traces.map(([span]) => span?.traceId)).toEqual([payTrace, cartTrace.slice(16)]);
  });
});

test("dependencies are pairs with counts", async () => {
  const { body } = await get(`/api/v2/dependencies?endTs=${now / 1_000_000n}`);
  expect(body).toEqual([{ parent: "web", child: "cart", callCount: 1 }]);
});

test("Lens finds its settings", async () => {
  expect((await get("/config.json")).body).toMatchObject({ searchEnabled: true, queryLimit: 10 });
});

describe("a wrong question is answered in Zipkin's words:", () => {
  test.each([
    ["/api/v2/trace/77", 404, "77 not found"],
    ["/api/v2/trace/XYZ", 400, "XYZ should be lower-hex encoded with no prefix"],
    ["/api/v2/trace/0x1", 400, "0x1 should be lower-hex encoded with no prefix"],
    ["/api/v2/trace/%20", 400, "traceId is empty"],
    [`/api/v2/trace/${"1".repeat(33)}`, 400, "traceId.length > 32"],
    ["/api/v2/traceMany", 400, "traceIds parameter is empty"],
    [
      "/api/v2/traceMany?traceIds=1",
      400,
      "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace",
    ],
    ["/api/v2/traceMany?traceIds=1,2,1", 400, "redundant traceId: 1"],
    ["/api/v2/traceMany?traceIds=1,0001", 400, "redundant traceId: 0001"],
    ["/api/v2/traceMany?traceIds=1,g", 400, "g should be lower-hex encoded with no prefix"],
    ["/api/v2/traces?limit=0", 400, "limit <= 0"],
    ["/api/v2/traces?endTs=0", 400, "endTs <= 0"],
    ["/api/v2/traces?lookback=0", 400, "lookback <= 0"],
    ["/api/v2/traces?limit=x", 400, "limit is not a whole number: x"],
    ["/api/v2/traces?minDuration=0", 400, "minDuration <= 0"],
    ["/api/v2/traces?maxDuration=5", 400, "maxDuration is only valid with minDuration"],
    ["/api/v2/traces?minDuration=6&maxDuration=5", 400, "maxDuration < minDuration"],
    ["/api/v2/traces?annotationQuery=%3Db", 400, "annotationQuery: no key before = in =b"],
    ["/api/v2/dependencies", 400, "endTs is required"],
    ["/api/v2/spans", 400, "missing required parameter: serviceName"],
    ["/api/v2/autocompleteValues", 400, "missing required parameter: key"],
    ["/api/v2/nothing", 404, "404 Not Found"],
    ["/", 404, "404 Not Found"],
  ])("%s is %i", async (url, status, body) => {
    expect(await get(url)).toEqual({ status, body });
  });

  test("a path that does not decode", async () => {
    const answer = await server.inject("/zipkin/api/v2/trace/%zz");
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toContain("text/plain");
  });

  test("a method that is not taken", async () => {
    const answer = await server.inject({ method: "POST", url: "/zipkin/api/v2/traces" });
    expect([answer.statusCode, answer.body]).toEqual([405, "405 Method Not Allowed"]);
  });

  test("what goes wrong inside stays inside", async () => {
    const reader = memoryTraceReader([]);
    reader.services = () => Promise.reject(new Error("secret path"));
    const answer = await serverOf(() => reader).inject("/zipkin/api/v2/services");
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain("secret");
  });

  test("a query that is cut off by a limit", async () => {
    const reader = memoryTraceReader([]);
    reader.search = () =>
      Promise.reject(new ClewError("limit_exceeded", "too slow", { hint: "narrow it" }));
    const answer = await serverOf(() => reader).inject("/zipkin/api/v2/traces");
    expect([answer.statusCode, answer.body]).toEqual([422, "too slow (narrow it)"]);
  });
});

test("a tenant sees only its own spans", async () => {
  const headers = { "x-scope-orgid": "other" };
  expect((await get("/api/v2/services", headers)).body).toEqual([]);
  expect((await get(`/api/v2/trace/${payTrace}`, headers)).status).toBe(404);
});
