// `clew query` and `clew tail` against a server that answers as the native API does.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { sampleBatch } from "@clew/analysis/testing";
import { encodeColumns } from "@clew/codec";
import type { ResultTrace, TraceqlMetricsResult, TraceqlSearchResult } from "@clew/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../run-cli.ts";
import { Tail } from "./tail.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const cost = { rows: 1234, bytes: 56_700, traces: 0, milliseconds: 3, plan: "spans" };

function trace(id: string, name = "GET /cart"): ResultTrace {
  return {
    traceId: id,
    startUnixNano: "1780000000123000000",
    durationNano: "250000000",
    rootService: "shop",
    rootName: name,
    spanCount: 4,
    errorCount: 1,
    services: {},
    spansets: [
      {
        matched: 2,
        values: [{ name: "count()", value: { type: "int", value: "2" } }],
        spans: [
          {
            spanId: "00f067aa0ba902b7",
            name: "SELECT",
            startUnixNano: "1780000000125000000",
            durationNano: "1500000",
            values: [
              { name: "span.db.system.name", value: { type: "string", value: "post\u001bgres" } },
              { name: "resource.service.name", value: { type: "string", value: "cart" } },
              { name: "span:status", value: { type: "status", value: "error" } },
            ],
          },
        ],
      },
    ],
  };
}

let server: Server;
let asked: URL[];
let tenants: (string | undefined)[];
let search: TraceqlSearchResult;
let metrics: TraceqlMetricsResult;

beforeEach(async () => {
  asked = [];
  tenants = [];
  search = { traces: [trace(traceId)], nextCursor: "next", cost };
  metrics = { series: [], cost };
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://clew");
    asked.push(url);
    tenants.push(request.headers["x-clew-tenant"] as string | undefined);
    if (url.pathname === "/api/v1/traceql/search") response.end(JSON.stringify(search));
    else if (url.pathname === "/api/v1/traceql/metrics") response.end(JSON.stringify(metrics));
    else if (url.pathname === `/api/v1/traces/${traceId}`) response.end(encodeColumns(sample()));
    else {
      response.statusCode = 404;
      response.end(JSON.stringify({ error: { code: "not_found", message: "there is no trace" } }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.close();
  process.exitCode = undefined;
});

function sample(): ReturnType<typeof sampleBatch> {
  return sampleBatch([
    { id: 1, start: 0, end: 100e6, name: "GET /cart", service: "shop" },
    {
      id: 2,
      parent: 1,
      start: 20e6,
      end: 80e6,
      name: "load \u001b[31mcart",
      service: "cart",
      error: true,
    },
    { id: 3, parent: 9, start: 30e6, end: 40e6, name: "orphan", service: "cart" },
  ]);
}

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = "";
  let error = "";
  const bound = server.address() as AddressInfo | null;
  const address = bound === null ? [] : ["--server", `http://127.0.0.1:${bound.port}`];
  const code = await runCli([...args, ...address], {
    out: (text) => (out += text),
    error: (text) => (error += text),
  });
  return { code, out, error };
}

describe("clew query", () => {
  it("shows traces as a table with the spans that matched, control characters made visible", async () => {
    const { code, out } = await run(
      "query",
      "{ status = error }",
      "--since",
      "2h",
      "--tenant",
      "blue",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^START +DURATION +SPANS +ERRORS +MATCHED +TRACE ID +ROOT$/m);
    expect(out).toContain(`250 ms      4       1        2  ${traceId}  shop  GET /cart`);
    expect(out).toContain("00f067aa0ba902b7    1.5 ms  SELECT  span.db.system.name=post·gres");
    expect(out).toContain("count()=2");
    expect(out).toContain("and 1 more");
    expect(out).toContain("1 traces, and more (spans: 1,234 rows, 57 kB read in 3 ms)");
    expect(asked[0]?.searchParams.get("start")).toBe("now-7200000ms");
    expect(tenants).toEqual(["blue"]);
  });

  it("gives the server's answer as JSON", async () => {
    const { out } = await run("query", "{ }", "--format", "json");
    expect(JSON.parse(out)).toEqual(search);
  });

  it("says when nothing matches", async () => {
    search = { traces: [], cost };
    expect((await run("query", "{ }")).out).toBe(
      "no traces match (spans: 1,234 rows, 57 kB read in 3 ms)\n",
    );
  });

  it("shows time series with their figures and a chart", async () => {
    const samples = [1, 4, 2].map((value, at) => ({ timeMs: at, value }));
    const labels = [{ name: "span:status", value: { type: "status", value: "error" } }] as const;
    metrics = { series: [{ labels, samples, exemplars: [] }], partial: "only 1 of 7 series", cost };
    const { out } = await run("query", "{ } | rate() by(span:status)", "--step", "30s");
    expect(out).toMatch(/^\{span:status=error\} +2 +1 +4 +2\.333 +▂█▄$/m);
    expect(out).toContain("only 1 of 7 series");
    expect(out).toContain("1 series (spans: 1,234 rows, 57 kB read in 3 ms)");
    expect(asked[0]?.pathname).toBe("/api/v1/traceql/metrics");
    expect(asked[0]?.searchParams.get("step")).toBe("30s");
  });

  it("draws a trace as a waterfall, orphans under the parent that is missing", async () => {
    const { out } = await run("query", traceId.toUpperCase());
    const lines = out.split("\n");
    expect(lines[0]).toMatch(new RegExp(`/trace/${traceId}$`));
    expect(lines[1]).toBe("3 spans, 2 services, 100 ms, 1 error");
    expect(lines[2]).toMatch(/^shop GET \/cart +100 ms █+$/);
    expect(lines[3]).toMatch(/^ {2}! cart load ·\[31mcart +60 ms +█+$/);
    expect(out).toContain("(not received)");
  });

  it("refuses a malformed query before it asks the server, and points at the place", async () => {
    const { code, error } = await run("query", "{ span.x = }");
    expect(code).toBe(1);
    expect(error).toMatch(/^clew: /);
    expect(asked).toEqual([]);
  });

  it("tells an unknown trace, and a server that is not there", async () => {
    expect(await run("query", "f".repeat(32))).toMatchObject({
      code: 1,
      error: "clew: there is no trace\n",
    });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const nowhere = await run("query", "{ }", "--server", `http://127.0.0.1:${port}`);
    expect(nowhere).toMatchObject({ code: 1 });
    expect(nowhere.error).toContain("hint: start one with npm start");
  });
});

describe("clew tail", () => {
  it("tells each span once, and none that was there when it began", async () => {
    let traces = [trace(traceId)];
    const queries: string[] = [];
    const client = {
      search: async ({ query }: { query: string }) => {
        queries.push(query);
        return { traces, cost };
      },
    };
    const tail = new Tail(client, "{ status = error }", 60_000);
    const now = 1_780_000_001_000;
    expect(await tail.poll(now)).toEqual([]);
    traces = [trace("1".repeat(32)), trace(traceId)];
    const [told, ...others] = await tail.poll(now);
    expect(others).toEqual([]);
    expect(told?.text).toContain(
      `1.5 ms error cart  SELECT  ${"1".repeat(32)} span.db.system.name=post·gres`,
    );
    expect(await tail.poll(now)).toEqual([]);
    expect(queries[0]).toBe("{ status = error } | select(resource.service.name, span:status)");
  });

  it("refuses a metrics query", async () => {
    const { code, error } = await run("tail", "{ } | rate()");
    expect(code).toBe(1);
    expect(error).toContain("hint: clew query shows time series");
  });
});
