// The command line against a real server: what `clew query`, `clew tail` and `clew verify` say and how they end.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

let server: ServerProcess;
let folder: string;
/** A gateway and its orders service in one: answers a request and sends the spans that both would send. */
let shop: Server;
let shopUrl: string;
let passesContextOn = true;

beforeAll(async () => {
  server = await ServerProcess.start();
  folder = await mkdtemp(join(tmpdir(), "clew-cli-"));
  shop = createServer((request, response) => {
    const [, traceId = "", parent = ""] = String(request.headers["traceparent"]).split("-");
    void answerOrder(traceId, parent).then(() => {
      response.statusCode = 201;
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
});

afterAll(async () => {
  shop.close();
  await server.dispose();
  await rm(folder, { recursive: true });
});

async function answerOrder(traceId: string, parentSpanId: string): Promise<void> {
  const gateway = spanOf({ traceId, parentSpanId, name: "POST /orders" });
  const client = spanOf({ traceId, parentSpanId: gateway.spanId, name: "POST", kind: 3 });
  const context = passesContextOn
    ? { traceId, parentSpanId: client.spanId }
    : { traceId: randomBytes(16).toString("hex") };
  const order = spanOf({
    ...context,
    name: "POST /orders",
    attributes: [{ key: "http.response.status_code", value: { intValue: "201" } }],
  });
  await send(server, "gateway", [gateway, client]);
  await send(server, "orders", [order]);
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function start(args: readonly string[]): {
  child: ChildProcess;
  text: () => string;
  ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [CLI, ...args, "--server", server.url], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let error = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (error += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? -1, out, error }));
  });
  return { child, text: () => out + error, ended };
}

async function clew(...args: string[]): Promise<Ended> {
  return await start(args).ended;
}

function failing(name: string): OtlpSpan {
  return spanOf({
    name,
    status: { code: 2, message: "no stock" },
    attributes: [stringAttribute("http.route", "/cart/{id}")],
  });
}

describe("clew query", () => {
  test("finds traces, counts them over time, and draws one", async () => {
    const span = failing("GET /cart/{id}");
    const child = spanOf({
      traceId: span.traceId,
      parentSpanId: span.spanId,
      name: "SELECT",
      kind: 3,
    });
    await send(server, "cart", [span, child]);
    await traceOf(server, span.traceId);

    const traces = await clew("query", '{ span.http.route = "/cart/{id}" && status = error }');
    expect(traces).toMatchObject({ code: 0, error: "" });
    expect(traces.out).toContain(`${span.traceId}  cart  GET /cart/{id}`);
    expect(traces.out).toContain("span.http.route=/cart/{id}");

    const structure = await clew(
      "query",
      '{ status = error } > { name = "SELECT" }',
      "--format",
      "json",
    );
    expect(JSON.parse(structure.out)).toMatchObject({ traces: [{ traceId: span.traceId }] });

    const series = await clew(
      "query",
      '{ resource.service.name = "cart" } | count_over_time()',
      "--instant",
    );
    expect(series.out).toMatch(/count_over_time\S* +2 /);

    const waterfall = await clew("query", span.traceId);
    expect(waterfall.out).toContain(`${server.url}/trace/${span.traceId}`);
    expect(waterfall.out).toMatch(/! cart GET \/cart\/\{id\} +10 ms/);
  });

  test("points at the mistake in a query and exits 1", async () => {
    const { code, error } = await clew("query", "{ stats = error }");
    expect(code).toBe(1);
    expect(error).toContain("{ stats = error }\n  ^");
  });
});

test("clew tail shows what arrives after it began, and ends with Ctrl-C", async () => {
  await send(server, "tailed", [spanOf({ name: "before" })]);
  const tail = start(["tail", '{ resource.service.name = "tailed" }', "--every", "100ms"]);
  let sent = 0;
  // What arrives before its first look counts as having been there: more is sent until a line shows.
  await until("a line shows", 20_000, async () => {
    await send(server, "tailed", [spanOf({ name: `after ${sent++}` })]);
    return tail.text().includes("after");
  });
  tail.child.kill("SIGINT");
  const { code, out } = await tail.ended;
  expect(code).toBe(0);
  expect(out).toMatch(/ {3}10 ms unset tailed {2}after \d+ {2}[0-9a-f]{32}/);
});

describe("clew verify", () => {
  async function plan(): Promise<string> {
    const file = join(folder, "plan.yaml");
    await writeFile(
      file,
      `wait: 3s\nsettle: 200ms\ninteractions:\n  - name: order\n    request: { method: POST, url: "${shopUrl}/orders" }\n    repeat: 2\n    expect:\n      edges: [gateway -> orders]\n      spanCount: 3\n`,
    );
    return file;
  }

  test("is content with whole traces, whose root it sends itself", async () => {
    passesContextOn = true;
    const { code, out, error } = await clew("verify", await plan(), "--otlp", server.otlpHttpUrl);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toContain("1 of 1 interactions as expected");
    const found = await clew(
      "query",
      '{ resource.service.name = "clew-verify" } >> { resource.service.name = "orders" }',
    );
    expect(found.out).toMatch(/^2 traces/m);
  });

  test("tells where the context was lost, with a link and JUnit XML", async () => {
    passesContextOn = false;
    const junit = join(folder, "junit.xml");
    const { code, out } = await clew(
      "verify",
      await plan(),
      "--otlp",
      server.otlpHttpUrl,
      "--junit",
      junit,
    );
    expect(code).toBe(1);
    expect(out).toMatch(
      /broken-propagation: gateway -> orders: .*"POST" of gateway has no other half/,
    );
    expect(out).toContain(`${server.url}/trace/`);
    expect(await readFile(junit, "utf8")).toContain('<failure type="broken-propagation"');
  });

  test("trace health shows the same over what is stored", async () => {
    const from = nowNano() - 3600n * 1_000_000_000n;
    const answer = await fetch(`${server.url}/api/v1/trace-health?start=${from}`);
    expect(answer.status).toBe(200);
    const health = (await answer.json()) as { traces: number };
    expect(health.traces).toBeGreaterThan(4);
  });
});
