// Requests as a backend sees them: protocols, compression, headers, refusals; from real processes.

import { afterEach, beforeEach, expect, test } from "vitest";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace, runProgram } from "../testing/program.ts";

let sink: OtlpSink;
let place: Place;

beforeEach(async () => {
  sink = await OtlpSink.start();
  place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "sender" });
});

afterEach(async () => {
  removePlace(place);
  await sink.stop();
});

const WORK = `const { flush, running, span } = require("%sdk%");
  for (let i = 0; i < 100; i++) span("work " + i, { "some.text": "value ".repeat(10), index: i }, () => {});`;

test.each([
  ["http/protobuf", "none"],
  ["http/protobuf", "gzip"],
  ["http/protobuf", "zstd"],
  ["http/json", "gzip"],
])("%s with %s arrives whole", async (protocol, compression) => {
  Object.assign(place.env, {
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=acme%20inc",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
  });
  await runProgram(place, "cjs", WORK);
  expect(sink.spans).toHaveLength(100);
  expect(sink.spans.find(({ name }) => name === "work 7")?.attributes["index"]).toBe(7);
  expect(sink.spans[0]?.resource).toMatchObject({
    "service.name": "sender",
    "deployment.environment.name": "test",
    "process.runtime.name": "nodejs",
  });
  const { headers } = sink.requests[0] as { headers: Record<string, unknown> };
  expect(headers["x-tenant"]).toBe("acme inc");
  expect(headers["content-encoding"]).toBe(compression === "none" ? undefined : compression);
});

test("a refusal that asks to wait is waited for, and nothing comes twice", async () => {
  let refusals = 0;
  sink.answer = (request, response) => {
    if (refusals++ < 2) response.writeHead(503, { "retry-after": "0" }).end();
    else response.writeHead(200, { "content-type": request.headers["content-type"] ?? "" }).end();
  };
  await runProgram(
    place,
    "cjs",
    `${WORK} (async () => { while (!(await flush(1000))); console.log(running().statistics().delivered); })();`,
  );
  expect(sink.spans).toHaveLength(100);
});

test("a final refusal is counted as dropped and does not hold anything up", async () => {
  sink.answer = (_, response) => response.writeHead(400).end();
  const { stdout, code } = await runProgram(
    place,
    "cjs",
    `${WORK} flush().then((ok) => console.log(ok, JSON.stringify(running().statistics())));`,
  );
  expect(code).toBe(0);
  expect(stdout).toContain(`true {"delivered":0,"dropped":100`);
});

test("a success with an endless answer is a success, and nothing is sent twice", async () => {
  sink.answer = (_, response) => {
    response.writeHead(200, { "content-length": 1e9 }).write(Buffer.alloc(256 * 1024));
  };
  const { stdout } = await runProgram(
    place,
    "cjs",
    `${WORK} flush().then((ok) => console.log(ok, JSON.stringify(running().statistics())));`,
  );
  expect(stdout).toContain(`true {"delivered":100,"dropped":0`);
  expect(sink.requests).toHaveLength(1);
});

test("bad settings never stop a program", async () => {
  Object.assign(place.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: "not a url",
    OTEL_TRACES_SAMPLER: "sometimes",
    OTEL_PROPAGATORS: "pigeon,tracecontext",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "-1",
    CLEW_SDK_SAMPLING_RULES: "{",
  });
  const { stdout, stderr, code } = await runProgram(place, "cjs", `${WORK} console.log("works");`);
  expect({ stdout, code }).toEqual({ stdout: "works\n", code: 0 });
  for (const name of [
    "sometimes",
    "pigeon",
    "MAX_EXPORT_BATCH_SIZE",
    "SAMPLING_RULES",
    "not a url",
  ]) {
    expect(stderr).toContain(name);
  }
});

test("a disabled tracer does nothing at all", async () => {
  place.env["OTEL_SDK_DISABLED"] = "true";
  const { stdout } = await runProgram(
    place,
    "cjs",
    `${WORK} console.log(running(), process.listenerCount("exit"), span("x", () => 5));`,
  );
  expect(stdout).toBe("undefined 0 5\n");
  expect(sink.requests).toHaveLength(0);
});
