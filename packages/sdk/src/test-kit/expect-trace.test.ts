// The test kit as a test uses it: the tracer of this process, and OTLP from others.

import { execFile } from "node:child_process";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { span, startSpan } from "../index.ts";
import { running } from "../sdk.ts";
import { builtFile, makePlace, removePlace, writeFiles } from "../testing/program.ts";
import { expectTrace, recordTraces, type TraceRecorder } from "../testing.ts";

let traces: TraceRecorder;
let server: Server;

beforeAll(async () => {
  traces = await recordTraces();
  server = createServer((_, response) => {
    void span("load cart", async (one) => {
      one.set({ "cart.items": 3 });
    }).then(() => response.end("ok"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
beforeEach(() => traces.clear());
afterAll(async () => {
  server.close();
  await running()?.shutdown();
  await traces.stop();
});

async function get(path: string): Promise<void> {
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path }, (response) => response.resume().on("end", resolve))
      .on("error", reject)
      .end();
  });
}

test("a request gives a whole trace with the spans of both halves", async () => {
  await get("/cart");
  const trace = await expectTrace(traces, { root: "GET" }).toMatch({
    spanCount: { min: 3, max: 3 },
    spans: [
      { kind: "client", parent: "root", attributes: { "http.response.status_code": 200 } },
      { kind: "server", parent: { kind: "client" }, attributes: { "url.path": "/cart" } },
      { name: "load cart", parent: { kind: "server" }, attributes: { "cart.items": { min: 1 } } },
    ],
  });
  expect(trace.durationNano).toBeGreaterThan(0);
  const [found] = await expectTrace(traces).toHaveSpan("load cart");
  expect(found?.attributes["cart.items"]).toBe(3n);
  await expectTrace(traces).toSucceed();
  await expectTrace(traces).toHaveNoSpan({ status: "error" });
});

test("an assertion waits for spans that are still to come", async () => {
  const late = startSpan("late");
  const asserted = expectTrace(traces, { root: "late" }).toHaveSpan("late");
  late.end();
  expect(await asserted).toHaveLength(1);
});

test("a failed assertion says what is wrong and shows the trace", async () => {
  await span("checkout", async () => {
    await span("pay", async () => {});
  });
  const failure = expectTrace(traces, { root: "checkout", timeoutMs: 50 }).toHaveSpan("ship");
  await expect(failure).rejects.toThrow(
    /^missing: no span "ship"\n\n.*: checkout \(internal, [\d.]+ ms\)\n {2}.*: pay \(internal, [\d.]+ ms\)$/,
  );
  const other = expectTrace(traces, { root: /^refund/, timeoutMs: 1 }).toSucceed();
  await expect(other).rejects.toThrow(/no trace with root .* was recorded; roots: .*: checkout$/);
});

test("spans of other processes count as well, and traces that link belong together", async () => {
  const traceId = "a".repeat(32);
  const times = {
    startTimeUnixNano: "1780000000000000000",
    endTimeUnixNano: "1780000000001000000",
  };
  const spanOf = (service: string, one: object) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: [{ spans: [{ ...times, ...one }] }],
  });
  const body = {
    resourceSpans: [
      spanOf("orders", { traceId, spanId: "1".repeat(16), name: "send", kind: 4 }),
      spanOf("mail", {
        traceId: "b".repeat(32),
        spanId: "2".repeat(16),
        name: "process",
        kind: 5,
        links: [{ traceId, spanId: "1".repeat(16) }],
      }),
    ],
  };
  const answer = await fetch(`${traces.env["OTEL_EXPORTER_OTLP_ENDPOINT"]}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  await expectTrace(traces, { traceId }).toHaveCall("orders", "mail");
  const wrong = expectTrace(traces, { traceId, timeoutMs: 1 }).toHaveCall("mail", "orders");
  await expect(wrong).rejects.toThrow("broken-propagation: mail -> orders");
});

test("bytes that are no traces are refused and recorded nowhere", async () => {
  const answer = await fetch(`${traces.endpoint}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip" },
    body: "not gzip",
  });
  expect(answer.status).toBe(400);
  expect(traces.spans).toEqual([]);
});

test("fake timers of a test stop neither what is sent nor the wait for it", async () => {
  const place = makePlace({});
  const load = (name: string): string => `require(${JSON.stringify(builtFile(name))})`;
  writeFiles(place, {
    "test.cjs": `const { mock } = require("node:test"); const { span } = ${load("index.cjs")};
      const { expectTrace, recordTraces } = ${load("testing.cjs")};
      (async () => {
        const traces = await recordTraces(); mock.timers.enable();
        span("made", () => {}); await expectTrace(traces).toHaveSpan("made");
        await expectTrace(traces, { timeoutMs: 50 }).toHaveSpan("none").catch(() => console.log("given up"));
        await traces.stop(); await traces.stop(); process.exit(0);
      })();`,
  });
  const { stdout } = await promisify(execFile)(process.execPath, [join(place.folder, "test.cjs")], {
    timeout: 10_000,
  });
  removePlace(place);
  expect(stdout).toBe("given up\n");
});
