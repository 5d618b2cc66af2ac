// The MCP server as the official client sees it, over a real socket.

import type { AddressInfo } from "node:net";
import { parse } from "@clew/traceql";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { cartTrace, now, payTrace, shop } from "../native/testing/shop.ts";
import type { TestSpan } from "../native/testing/spans.ts";
import { cost, memoryTraceqlReader } from "../tempo/testing/memory-traceql-reader.ts";
import { foundTraces } from "../tempo/testing/tempo-shop.ts";
import { longestAnswer } from "./answer-text.ts";
import { helpTopics } from "./help-tool.ts";
import { mcpApi } from "./plugin.ts";

const largeTrace = "c0000000000000000000000000000001";
const large: TestSpan[] = Array.from({ length: 1000 }, (_, i) => ({
  traceId: largeTrace,
  spanId: (i + 1).toString(16).padStart(16, "0"),
  ...(i === 0 ? {} : { parentId: "0000000000000001" }),
  service: "batch",
  name: i === 700 ? "the slow one" : `step ${i}`,
  startNano: now - 10_000_000_000n + BigInt(i * 1000),
  durationNano: i === 0 ? 9_000_000_000 : i === 700 ? 8_000_000_000 : 500,
  ...(i === 500 ? { status: 2 as const } : {}),
}));

const traceql = memoryTraceqlReader({
  traces: foundTraces,
  metrics: {
    cost,
    series: [
      {
        labels: [{ name: "resource.service.name", value: { type: "string", value: "web" } }],
        samples: [{ timeMs: 1_700_000_000_000, value: 1 / 3 }],
        exemplars: [],
      },
    ],
  },
  names: [{ scope: "span", names: ["http.route"] }],
  values: [{ type: "string", value: "/cart", count: 1 }],
});
const shopReader = shop().reader;
const largeReader = memoryTraceReader(large);
const server = createApiServer();
server.register(mcpApi, {
  reader: () => ({
    ...shopReader,
    trace: async (tenant, id, signal) =>
      (await shopReader.trace(tenant, id, signal)) ?? largeReader.trace(tenant, id, signal),
  }),
  traceql: () => traceql,
  version: "1.2.3",
  now: () => now,
});
const client = new Client({ name: "test", version: "1" });
let url: URL;

beforeAll(async () => {
  await server.listen({ host: "127.0.0.1", port: 0 });
  url = new URL(`http://127.0.0.1:${(server.server.address() as AddressInfo).port}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url));
});
afterAll(async () => {
  await client.close();
  // The client's fetch keeps its connections; one that is busy at this moment would hold the server open.
  server.server.closeAllConnections();
  await server.close();
});

async function call(name: string, given: Record<string, unknown> = {}): Promise<string> {
  const answer = await client.callTool({ name, arguments: given });
  const [content] = answer.content as { type: string; text: string }[];
  const text = content?.text ?? "";
  return answer.isError === true ? `ERROR ${text}` : text;
}

test("tells what it is for, and lists its tools as read-only", async () => {
  expect(client.getInstructions()).toContain("Begin with list_services");
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    "list_services",
    "search_traces",
    "query_metrics",
    "red_series",
    "list_attributes",
    "list_attribute_values",
    "trace_overview",
    "span_details",
    "critical_path",
    "compare_traces",
    "traceql_help",
  ]);
  for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true);
});

describe("tools that find", () => {
  test("services", async () => {
    expect(await call("list_services")).toMatch(/^cart: .*\/s, 0% errors, p50 9ms/m);
  });

  test("traces, in words and with their ids", async () => {
    const text = await call("search_traces", { query: "{ status = error }", start: "now-10m" });
    expect(text).toContain(`trace ${payTrace}: web POST /pay, 2s, 1 spans, 1 errors`);
    expect(text).toContain(
      "span 00000000000000b1: POST /pay, 2s, span.http.response.status_code=502",
    );
    expect(traceql.searches.at(-1)).toMatchObject({
      range: { startNano: now - 600_000_000_000n, endNano: now },
      limit: 10,
    });
    const one = await call("search_traces", { query: "{}", start: "now-1d", limit: 1 });
    expect(one).toContain("[more traces match than the 1 shown]");
  });

  test("metrics, attributes, values", async () => {
    expect(await call("query_metrics", { query: "{} | rate() by (resource.service.name)" })).toBe(
      "{resource.service.name=web} 2023-11-14T22:13:20=0.3333",
    );
    expect(await call("list_attributes")).toBe("span: http.route");
    expect(await call("list_attribute_values", { name: "span.http.route" })).toBe("/cart (string)");
  });

  test("rate, errors and durations", async () => {
    expect(await call("red_series", { service: "web" })).toMatch(/^time, requests, errors, p50/);
  });

  test("the right tool, where the wrong one was asked", async () => {
    expect(await call("search_traces", { query: "{} | rate()" })).toContain(
      "use the tool query_metrics",
    );
    expect(await call("query_metrics", { query: "{}" })).toContain("use the tool search_traces");
    expect(await call("red_series", { operation: "GET /" })).toContain("list_services");
    expect(await call("trace_overview", { trace_id: "f".repeat(32) })).toMatch(
      /^ERROR not_found: there is no trace f+\nsearch_traces/,
    );
    expect(await call("search_traces", { query: "{ status = " })).toMatch(
      /^ERROR bad_request: 1:12/,
    );
  });
});

describe("tools about a trace", () => {
  test("its tree, without attributes", async () => {
    const text = await call("trace_overview", { trace_id: cartTrace });
    expect(text).toContain("2 spans, 0 errors, 12ms");
    expect(text).toContain("web: GET /cart [00000000000000a1] 12ms +0ns self 3ms");
    expect(text).toContain(" cart: load [00000000000000a2] 9ms +1ms self 9ms");
    expect(text).not.toContain("http.route");
  });

  test("what explains a large one", async () => {
    const text = await call("trace_overview", { trace_id: largeTrace });
    expect(text).toContain("the slow one");
    expect(text).toContain("ERROR");
    expect(text).toContain("[800 spans left out");
    expect(text.length).toBeLessThan(longestAnswer + 500);
  });

  test("one of its spans", async () => {
    const given = { trace_id: payTrace, span_id: "b1" };
    const text = await call("span_details", given);
    expect(text).toContain("kind: server, status: error");
    expect(text).toContain("  http.response.status_code = 502");
    expect(text).toContain("  service.name = web");
    expect(await call("span_details", { ...given, span_id: "ff" })).toContain("trace_overview");
  });

  test("its critical path", async () => {
    expect(await call("critical_path", { trace_id: cartTrace })).toBe(
      [
        "critical path of 12ms:",
        "9ms (75%) cart: load [00000000000000a2] 9ms",
        "3ms (25%) web: GET /cart [00000000000000a1] 12ms",
      ].join("\n"),
    );
  });

  test("what differs from another", async () => {
    const given = { base_trace_id: cartTrace, other_trace_id: payTrace };
    const text = await call("compare_traces", given);
    expect(text).toContain("duration 12ms -> 2s, spans 2 -> 1, errors 0 -> 1");
    expect(text).toContain("+2s self time: web: POST /pay, only in other, errors 0 -> 1");
    expect(text).toContain("-9ms self time: cart: load, only in base");
  });
});

test("the help's queries are TraceQL", async () => {
  expect(await call("traceql_help", { topic: "structure" })).toBe(helpTopics.structure);
  const lines = Object.values(helpTopics).flatMap((text) => text.split("\n"));
  const queries = lines.filter((line) => /^[({]/.test(line));
  expect(queries.length).toBeGreaterThan(20);
  for (const query of queries) expect(["spans", "metrics"]).toContain(parse(query).kind);
});

describe("the endpoint", () => {
  const headers = {
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} });

  test("refuses pages of other origins and impossible tenants", async () => {
    const foreign = await fetch(url, {
      method: "POST",
      headers: { ...headers, origin: "https://evil.example" },
      body,
    });
    expect(foreign.status).toBe(400);
    const tenant = { ...headers, "x-scope-orgid": "a/b" };
    expect((await fetch(url, { method: "POST", headers: tenant, body })).status).toBe(400);
  });

  test("answers bytes that are no JSON-RPC with an error", async () => {
    const broken = await fetch(url, { method: "POST", headers, body: "{" });
    expect(broken.status).toBe(400);
    const other = await fetch(url, { method: "POST", headers, body: "[1,2]" });
    expect(other.status).toBe(400);
    expect((await fetch(url, { headers })).status).toBe(405);
  });
});
