// Several formats at once: over real HTTP with the built tracer, and against OpenTelemetry's own propagators.

import { createServer, type IncomingHttpHeaders, request } from "node:http";
import type { AddressInfo } from "node:net";
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { AWSXRayPropagator } from "@opentelemetry/propagator-aws-xray";
import { B3InjectEncoding, B3Propagator } from "@opentelemetry/propagator-b3";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OtlpSink } from "../testing/otlp-sink.ts";
import { makePlace, type Place, removePlace, startProgram } from "../testing/program.ts";
import { formatsOf } from "./formats.ts";
import { Propagation } from "./propagator.ts";

const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";
const spanId = "051581bf3cb55c13";
const otherTrace = "0af7651916cd43dd8448eb211c80319c";
const root = `Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;
const SERVER = 2;

type Headers = Record<string, string>;

function propagation(...names: string[]): Propagation {
  return new Propagation(
    formatsOf(names, (text) => {
      throw new Error(text);
    }),
  );
}

describe("over HTTP", () => {
  let sink: OtlpSink;
  let place: Place;
  const stops: (() => void)[] = [];

  beforeEach(async () => {
    sink = await OtlpSink.start();
    place = makePlace({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_SERVICE_NAME: "middle" });
  });

  afterEach(async () => {
    for (const stop of stops.splice(0)) stop();
    removePlace(place);
    await sink.stop();
  });

  /** A service that calls `target` for each request, with the given propagators. */
  async function service(propagators: string, target: string, more: Headers = {}): Promise<string> {
    Object.assign(place.env, { OTEL_PROPAGATORS: propagators }, more);
    const { child, ended } = startProgram(
      place,
      "cjs",
      `const http = require("node:http");
       http.createServer((request, response) => {
         http.get("${target}/next", (answer) => answer.resume().on("end", () => response.end("ok")));
       }).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
       process.stdin.resume().on("end", () => process.exit());`,
    );
    stops.push(() => child.kill("SIGKILL"));
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout?.once("data", (text: string) => resolve(text.trim()));
      void ended.then(({ stderr }) => reject(new Error(stderr)));
    });
    stopGently = async () => {
      child.stdin?.end();
      await ended;
    };
    return `http://127.0.0.1:${port}`;
  }
  let stopGently = async (): Promise<void> => {};

  /** What the service sends on when it gets `headers`, and the server span that it makes of them. */
  async function passOn(propagators: string, headers: Headers, more?: Headers) {
    let seen: IncomingHttpHeaders = {};
    const callee = createServer((incoming, response) => {
      seen = incoming.headers;
      response.end();
    });
    await new Promise<void>((resolve) => callee.listen(0, "127.0.0.1", resolve));
    stops.push(() => callee.close());
    const { port } = callee.address() as AddressInfo;
    const url = await service(propagators, `http://127.0.0.1:${port}`, more);
    await new Promise((resolve, reject) => {
      request(url, { headers }, (answer) => answer.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
    await stopGently();
    return { seen, server: sink.spans.find(({ kind }) => kind === SERVER) };
  }

  test("one format in, all out", async () => {
    const all = "tracecontext,baggage,b3,b3multi,jaeger,xray,datadog,ottrace";
    const { seen, server } = await passOn(all, {
      "uber-trace-id": `${traceId}:${spanId}:0:1`,
      "uberctx-tenant": "north%20sea",
    });
    expect(server).toMatchObject({ traceId, parentSpanId: spanId });
    const sent = String(seen["traceparent"]).split("-")[2];
    expect(seen).toMatchObject({
      traceparent: `00-${traceId}-${sent}-01`,
      b3: `${traceId}-${sent}-1`,
      "x-b3-traceid": traceId,
      "x-b3-spanid": sent,
      "uber-trace-id": `${traceId}:${sent}:0:1`,
      "x-amzn-trace-id": `${root};Parent=${sent};Sampled=1`,
      "x-datadog-trace-id": BigInt(`0x${traceId.slice(16)}`).toString(),
      "x-datadog-parent-id": BigInt(`0x${sent}`).toString(),
      "ot-tracer-spanid": sent,
      baggage: "tenant=north%20sea",
      "uberctx-tenant": "north%20sea",
    });
  });

  test("the order of the list decides between callers' formats", async () => {
    const { server } = await passOn("datadog,b3,tracecontext", {
      traceparent: `00-${otherTrace}-${spanId}-01`,
      b3: `${traceId}-${spanId}-1`,
    });
    expect(server?.traceId).toBe(traceId);
  });

  test("a load balancer's Root without Parent is the trace of our root span", async () => {
    const { seen, server } = await passOn("xray", { "x-amzn-trace-id": root });
    expect(server?.traceId).toBe(traceId);
    expect(server?.parentSpanId ?? "").toBe("");
    expect(seen["x-amzn-trace-id"]).toContain(`${root};Parent=`);
  });

  test("the trace that a caller names wins over a load balancer's Root", async () => {
    const { server } = await passOn("xray,tracecontext", {
      "x-amzn-trace-id": root,
      traceparent: `00-${otherTrace}-${spanId}-01`,
    });
    expect(server).toMatchObject({ traceId: otherTrace, parentSpanId: spanId });
  });

  test("a lone refusal is kept to, here and further on", async () => {
    const { seen, server } = await passOn("b3", { b3: "0" });
    expect(server).toBeUndefined();
    expect(seen["b3"]).toMatch(/^[0-9a-f]{32}-[0-9a-f]{16}-0$/);
  });

  test.each([
    ["b3", { b3: "1" }],
    ["b3multi", { "x-b3-flags": "1" }],
    ["jaeger", { "jaeger-debug-id": "why" }],
  ])("a lone wish of %s begins a kept trace without parent", async (name, headers) => {
    const never = { OTEL_TRACES_SAMPLER: "parentbased_always_off" };
    const { server } = await passOn(name, headers, never);
    expect(server?.parentSpanId ?? "").toBe("");
    expect(server?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("beside OpenTelemetry's propagators", () => {
  const pairs: [string, Propagation, TextMapPropagator][] = [
    ["b3", propagation("b3"), new B3Propagator()],
    [
      "b3multi",
      propagation("b3multi"),
      new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
    ],
    ["xray", propagation("xray"), new AWSXRayPropagator()],
  ];
  const hex = (digits: number) =>
    fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => !/^0+$/.test(text));
  const contexts = fc.record({
    traceId: hex(32),
    spanId: hex(16),
    traceFlags: fc.constantFrom(0, 1),
  });

  function send(by: TextMapPropagator, span: SpanContext): Headers {
    const headers: Headers = {};
    by.inject(trace.setSpanContext(ROOT_CONTEXT, span), headers, defaultTextMapSetter);
    return headers;
  }

  function receive(by: TextMapPropagator, headers: Headers): SpanContext | undefined {
    return trace.getSpanContext(by.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
  }

  test.each(pairs)("%s: theirs reads ours and ours reads theirs", (_, ours, theirs) => {
    fc.assert(
      fc.property(contexts, (span) => {
        expect(receive(theirs, send(ours, span))).toMatchObject({ ...span, isRemote: true });
        const lower = Object.entries(send(theirs, span)).map(([name, value]) => [
          name.toLowerCase(),
          value,
        ]);
        expect(receive(ours, Object.fromEntries(lower))).toMatchObject({ ...span, isRemote: true });
      }),
    );
  });
});

test("each name has a format, and an unknown one is said", () => {
  const names =
    "tracecontext baggage b3 b3multi jaeger xray xray-lambda datadog ottrace none magic";
  const said: string[] = [];
  const found = formatsOf(names.split(" "), (text) => said.push(text));
  expect(found.map(({ name }) => name)).toEqual(names.split(" ").slice(0, 9));
  expect(said).toEqual(["propagator magic is unknown"]);
});
