// `clew verify` against a small system: services that take requests and a server that answers with the spans
// they would have sent.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { type SampleSpan, sampleBatch } from "@clew/analysis/testing";
import { encodeColumns } from "@clew/codec";
import { fromHex, type SpanBatch } from "@clew/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "../run-cli.ts";
import { parsePlan } from "./plan-file.ts";
import { junitXml } from "./report.ts";

let folder: string;
let server: Server;
let address: string;
/** Trace and parent ids that requests carried, oldest first. */
let received: string[][];
let exported: unknown[];
let spansOfRequest: (parent: number) => SampleSpan[];

const ORDER = 1;

function whole(parent: number): SampleSpan[] {
  return [
    { id: ORDER, parent, start: 0, end: 80e6, service: "gateway", name: "POST /orders", kind: 2 },
    { id: 2, parent: ORDER, start: 10e6, end: 70e6, service: "gateway", name: "POST", kind: 3 },
    {
      id: 3,
      parent: 2,
      start: 20e6,
      end: 60e6,
      service: "orders",
      name: "POST /orders",
      kind: 2,
      attributes: { "http.response.status_code": 201n, "http.route": "/orders", "order.id": "77" },
    },
  ];
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "clew-verify-"));
  received = [];
  exported = [];
  spansOfRequest = whole;
  server = createServer((request, response) => {
    const path = request.url ?? "";
    if (path === "/orders") {
      received.push(String(request.headers["traceparent"]).split("-"));
      response.statusCode = 201;
      response.end("{}");
    } else if (path === "/v1/traces") {
      void json(request).then((body) => {
        exported.push(body);
        response.end("{}");
      });
    } else if (path.startsWith("/api/v1/traceql/search")) {
      response.end(JSON.stringify({ traces: [], cost: {} }));
    } else
      answerTrace(
        path,
        (body) => response.end(body),
        () => {
          response.statusCode = 404;
          response.end(
            JSON.stringify({ error: { code: "not_found", message: "there is no trace" } }),
          );
        },
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true });
  process.exitCode = undefined;
});

function answerTrace(path: string, found: (body: Uint8Array) => void, missing: () => void): void {
  const asked = received.find(([, traceId]) => path === `/api/v1/traces/${traceId}`);
  const [, traceId = "", spanId = ""] = asked ?? [];
  const spans = asked === undefined ? [] : spansOfRequest(Number.MAX_SAFE_INTEGER);
  if (spans.length === 0) return missing();
  found(encodeColumns(ofRequest(sampleBatch(spans), traceId, spanId)));
}

/** Gives a sample trace the ids of the request that it answers. */
function ofRequest(batch: SpanBatch, traceId: string, parentId: string): SpanBatch {
  for (let row = 0; row < batch.length; row++) {
    batch.traceIds.set(fromHex(traceId) ?? [], row * 16);
    const view = new DataView(batch.parentIds.buffer, batch.parentIds.byteOffset);
    if (view.getBigUint64(row * 8) === BigInt(Number.MAX_SAFE_INTEGER))
      batch.parentIds.set(fromHex(parentId) ?? [], row * 8);
  }
  return batch;
}

function plan(expectation: string, more = ""): string {
  const file = join(folder, "plan.yaml");
  writeFileSync(
    file,
    `# what a customer does\nwait: 400ms\nsettle: 1ms\ninteractions:\n  - name: place an order\n    request: { method: POST, url: "${address}/orders" }\n${more}    expect:${expectation}\n`,
  );
  return file;
}

async function verify(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = "";
  let error = "";
  const code = await runCli(["verify", ...args, "--server", address, "--otlp", address], {
    out: (text) => (out += text),
    error: (text) => (error += text),
  });
  return { code, out, error };
}

const expectations = `
      services: [gateway, orders]
      edges: [gateway -> orders]
      unexpected: forbid
      spanCount: 3
      spans:
        - { service: gateway, kind: server, parent: root }
        - { service: orders, name: { regex: "^POST" }, count: 1, parent: { kind: client }, attributes: { http.response.status_code: 201 }, maxDuration: 50ms }`;

describe("clew verify", () => {
  it("sends the requests in traces of their own, and is content with a trace as expected", async () => {
    const { code, out } = await verify(plan(expectations, "    repeat: 2\n"));
    expect(out).toMatch(
      /^ok {4}place an order \(2 traces, [\d.]+ s\)\n1 of 1 interactions as expected\n$/,
    );
    expect(code).toBe(0);
    expect(new Set(received.map(([, traceId]) => traceId)).size).toBe(2);
    expect(received.every(([, , , flags]) => flags === "01")).toBe(true);
  });

  it("exports the client's half, so that the trace has its root", async () => {
    await verify(plan(" {}"));
    const [, traceId, spanId] = received[0] ?? [];
    expect(JSON.stringify(exported)).toContain(`"traceId":"${traceId}","spanId":"${spanId}"`);
  });

  it("tells what is missing with a link to the trace, fails, and writes JUnit", async () => {
    spansOfRequest = (parent) => whole(parent).filter(({ service }) => service === "gateway");
    const junit = join(folder, "junit.xml");
    const { code, out } = await verify(plan(expectations), "--junit", junit);
    expect(code).toBe(1);
    expect(out).toContain("FAIL  place an order: 4 findings in 1 trace");
    expect(out).toContain("missing: no span of service orders");
    expect(out).toContain(
      'broken-propagation: gateway -> orders: "POST" of gateway has no other half',
    );
    expect(out).toContain(`        ${address}/trace/${received[0]?.[1]}`);
    expect(readFileSync(junit, "utf8")).toContain('<testsuites tests="1" failures="1"');
  });

  it("says so when nothing of the trace arrives, or nobody answers", async () => {
    spansOfRequest = () => [];
    expect((await verify(plan(" {}"))).out).toContain("missing: no span of the trace arrived");
    const file = plan(" {}");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace(`${address}/orders`, "http://127.0.0.1:2/"),
    );
    const { code, out } = await verify(file);
    expect(code).toBe(1);
    expect(out).toContain("error: no answer from http://127.0.0.1:2/");
    // Nobody took the request, so that nobody can have sent a span: nothing is waited for.
    expect(out).not.toContain("no span of the trace arrived");
  });

  it("records what a good run looks like, keeps comments, and then holds later runs to it", async () => {
    const file = plan(" {}", "    repeat: 2\n");
    const recorded = await verify(file, "--record");
    expect(recorded.code).toBe(0);
    const text = readFileSync(file, "utf8");
    expect(text).toContain("# what a customer does");
    expect(text).toContain("http.response.status_code: 201");
    expect(text).not.toContain("order.id");
    expect((await verify(file)).code).toBe(0);
    spansOfRequest = (parent) =>
      whole(parent).map((span) => (span.id === 3 ? { ...span, parent: ORDER } : span));
    const { code, out } = await verify(file);
    expect(code).toBe(1);
    expect(out).toContain("mis-parented");
  }, 20_000);

  it("records nothing from a run that is not whole", async () => {
    const file = plan(" {}");
    const before = readFileSync(file, "utf8");
    spansOfRequest = (parent) => whole(parent).filter(({ id }) => id !== 2);
    const { code, error } = await verify(file, "--record");
    expect(code).toBe(1);
    expect(error).toContain("nothing was recorded");
    expect(readFileSync(file, "utf8")).toBe(before);
  });
});

describe("a plan", () => {
  it.each([
    ["interactions: []", "p.yaml:1: interactions names no interaction"],
    ["a: [", "p.yaml:1: "],
    [
      "interactions:\n  - name: x\n",
      "p.yaml:2: interactions.0 has either a request to send or a query",
    ],
    ["interactions:\n  - name: x\n    query: '{}'\n    sice: 5m\n", 'Unrecognized key: "sice"'],
    [
      "interactions:\n  - name: x\n    query: '{}'\n    expect:\n      spans:\n        - count: 5..1\n",
      "p.yaml:6: interactions.0.expect.spans.0.count is not a count",
    ],
    [
      "interactions:\n  - name: x\n    query: '{}'\n    expect:\n      spans:\n        - name: { regex: '(' }\n",
      "p.yaml:6: interactions.0.expect.spans.0.name.regex is not a regular expression",
    ],
    [
      "interactions:\n  - name: x\n    query: '{}'\n    expect: { edges: [a to b] }\n",
      "p.yaml:4: interactions.0.expect.edges.0 is not a call",
    ],
  ])("that is wrong is told with its line: %j", (source, message) => {
    expect(() => parsePlan(source, "p.yaml")).toThrow(message);
  });

  it("that is wrong or missing ends with exit code 2", async () => {
    expect(await verify(join(folder, "none.yaml"))).toMatchObject({ code: 2 });
  });
});

it("JUnit XML stays XML, whatever names and messages hold", () => {
  const finding = { kind: "missing", message: 'a "<b>" & \u0000\u001b]]>\ud800' } as const;
  const xml = junitXml([{ name: "<&>\n", seconds: 1, traces: [], findings: [finding] }]);
  expect(xml).toContain('name="&lt;&amp;&gt;&#10;"');
  expect(xml).toContain('message="a &quot;&lt;b&gt;&quot; &amp; ]]&gt;\ufffd"');
});
