// The Jaeger and Zipkin APIs of a real server over a real store: spans go in by OTLP and come out in the
// words of each, over HTTP and gRPC.

import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nowNano, type OtlpSpan, send, spanOf, stringAttribute } from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

const grpcPort = 5430;
const hostile = `'; DROP TABLE spans; -- \\ " \u2603 %41`;
const start = nowNano() - 5_000_000_000n;

const root: OtlpSpan = spanOf({
  name: "GET /cart",
  startTimeUnixNano: String(start),
  endTimeUnixNano: String(start + 20_000_000n),
  attributes: [
    stringAttribute("note", hostile),
    { key: "big", value: { intValue: "9007199254740993" } },
  ],
  events: [
    {
      timeUnixNano: String(start + 1_000_000n),
      name: "miss",
      attributes: [stringAttribute("key", "7")],
    },
  ],
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
  links: [{ traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" }],
});

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ CLEW_JAEGER_GRPC_PORT: String(grpcPort) });
  await send(server, "jz-web", [root, call]);
  await send(server, "jz-cart", [load]);
  await traceOf(server, root.traceId, 3);
  // Lists of names come from the rollups, which are stored just after the spans.
  await until("both services are listed", 10_000, async () => {
    const { data } = await get<{ data: string[] }>("/jaeger/api/services");
    return data.length === 2 ? data : undefined;
  });
});
afterAll(() => server.dispose());

async function get<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const answer = await fetch(`${server.url}${path}?${new URLSearchParams(query).toString()}`);
  return (await answer.json()) as T;
}

interface JaegerSpan {
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: string; readonly spanID: string }[];
  readonly tags: readonly {
    readonly key: string;
    readonly type: string;
    readonly value: unknown;
  }[];
  readonly logs: readonly { readonly timestamp: number }[];
  readonly startTime: number;
}
interface Traces {
  readonly data: readonly { readonly traceID: string; readonly spans: readonly JaegerSpan[] }[];
}

describe("Jaeger", () => {
  test("lists services and operations", async () => {
    const { data } = await get<{ data: string[] }>("/jaeger/api/services");
    expect(data).toEqual(["jz-cart", "jz-web"]);
    const operations = await get("/jaeger/api/operations", { service: "jz-web" });
    expect(operations).toMatchObject({
      data: [
        { name: "GET /cart", spanKind: "server" },
        { name: "call cart", spanKind: "client" },
      ],
    });
  });

  test.each([
    ["tags in JSON", { service: "jz-web", tags: JSON.stringify({ note: hostile, error: "true" }) }],
    ["tags in logfmt", { tags: "big=9007199254740993 span.kind=server" }],
    ["a tag of the process", { tag: "service.name:jz-cart", operation: "load" }],
    ["durations", { service: "jz-web", minDuration: "15ms", maxDuration: "1s" }],
    ["times", { service: "jz-web", start: String(start / 1000n), end: String(start / 1000n) }],
  ])("finds the trace by %s", async (_what, query) => {
    const { data } = await get<Traces>("/jaeger/api/traces", query);
    expect(data.map(({ traceID }) => traceID)).toEqual([root.traceId]);
  });

  test.each([
    ["a value that is only alike", { tags: JSON.stringify({ note: hostile.slice(0, -1) }) }],
    ["conditions on two different spans", { service: "jz-cart", operation: "GET /cart" }],
    ["a time before it", { service: "jz-web", start: "1", end: String(start / 1000n - 1n) }],
  ])("does not find it by %s", async (_what, query) => {
    expect((await get<Traces>("/jaeger/api/traces", query)).data).toEqual([]);
  });

  test("shows the trace as it was sent", async () => {
    const { data } = await get<Traces>(`/jaeger/api/traces/${root.traceId}`);
    const [web, client, cart] = data[0]?.spans ?? [];
    expect(web).toMatchObject({ operationName: "GET /cart", startTime: Number(start / 1000n) });
    expect(web?.logs.map(({ timestamp }) => timestamp)).toEqual([Number(start / 1000n) + 1000]);
    expect(web?.tags).toEqual(
      expect.arrayContaining([
        { key: "note", type: "string", value: hostile },
        { key: "big", type: "int64", value: "9007199254740993" },
        { key: "error", type: "bool", value: true },
      ]),
    );
    expect(client?.references).toMatchObject([{ refType: "CHILD_OF", spanID: root.spanId }]);
    expect(cart?.references).toMatchObject([
      { refType: "CHILD_OF", spanID: call.spanId },
      { refType: "FOLLOWS_FROM", spanID: "00f067aa0ba902b7" },
    ]);
  });

  test("knows who calls whom, and the rate of calls for the Monitor tab", async () => {
    const links = await until("the edge is there", 10_000, async () => {
      const { data } = await get<{ data: unknown[] }>("/jaeger/api/dependencies");
      return data.length > 0 ? data : undefined;
    });
    expect(links).toContainEqual({ parent: "jz-web", child: "jz-cart", callCount: 1 });
    const family = await get("/jaeger/api/metrics/errors", { service: "jz-web", step: "3600000" });
    expect(family).toMatchObject({
      name: "service_error_rate",
      metrics: [{ metricPoints: [{ gaugeValue: { doubleValue: 1 } }] }],
    });
    const query = { service: "jz-cart", step: "3600000", quantile: "0.75" };
    const latency = await get<{
      metrics: { metricPoints: { gaugeValue: { doubleValue: number } }[] }[];
    }>("/jaeger/api/metrics/latencies", query);
    const value = latency.metrics[0]?.metricPoints[0]?.gaugeValue.doubleValue ?? 0;
    expect(Math.abs(value - 8) / 8).toBeLessThan(0.2);
  });

  test("speaks v3 in OTLP JSON", async () => {
    const times = {
      "query.startTimeMin": new Date(Date.now() - 3_600_000).toISOString(),
      "query.startTimeMax": new Date(Date.now() + 60_000).toISOString(),
    };
    const query = { ...times, "query.serviceName": "jz-cart" };
    const { result } = await get<{ result: { resourceSpans: unknown[] } }>(
      "/jaeger/api/v3/traces",
      query,
    );
    expect(result.resourceSpans).toHaveLength(2);
    expect(await get("/jaeger/api/v3/trace-summaries", query)).toMatchObject({
      summaries: [{ traceId: root.traceId, rootServiceName: "jz-web", spanCount: 3 }],
    });
  });

  // The range reaches the store, whose times end in 2262.
  test.each([
    ["by its id", "GetTrace", `0a10${root.traceId}`],
    ["by a search from 1970 to the end of 9999", "FindTraces", "0a0b22002a0708ff82d1ffaf07"],
  ])("gives the trace over gRPC, on its own port, %s", async (_how, method, request) => {
    const client = new Client(`127.0.0.1:${grpcPort}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const path = `/jaeger.api_v2.QueryService/${method}`;
    const chunks: Buffer[] = [];
    const stream = client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request, "hex"));
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    client.close();
    const bytes = Buffer.concat(chunks);
    for (const text of ["GET /cart", "call cart", "load", "jz-web", "jz-cart", hostile])
      expect(bytes.includes(text)).toBe(true);
  });
});

describe("Zipkin", () => {
  test("lists names", async () => {
    const services = await get<string[]>("/zipkin/api/v2/services");
    expect(services).toEqual(["jz-cart", "jz-web"]);
    expect(await get("/zipkin/api/v2/spans", { serviceName: "jz-web" })).toEqual([
      "GET /cart",
      "call cart",
    ]);
  });

  test.each([
    ["an annotation query", { annotationQuery: `note=${hostile} and error` }],
    ["a duration in microseconds", { serviceName: "jz-web", minDuration: "20000" }],
    ["a remote service", { serviceName: "jz-web", remoteServiceName: "jz-cart" }],
  ])("finds the trace by %s", async (_what, query) => {
    const traces = await until("the trace is found", 10_000, async () => {
      const found = await get<{ traceId: string; name: string }[][]>(
        "/zipkin/api/v2/traces",
        query,
      );
      return found.length > 0 ? found : undefined;
    });
    expect(traces.map(([span]) => span?.traceId)).toEqual([root.traceId]);
  });

  test("shows the trace as it was sent", async () => {
    const spans = await get<Record<string, unknown>[]>(`/zipkin/api/v2/trace/${root.traceId}`);
    expect(spans).toMatchObject([
      {
        id: root.spanId,
        kind: "SERVER",
        duration: 20_000,
        localEndpoint: { serviceName: "jz-web" },
        annotations: [{ value: '"miss": {"key":"7"}' }],
        tags: { note: hostile, big: "9007199254740993", error: "refused" },
      },
      { id: call.spanId, parentId: root.spanId, kind: "CLIENT" },
      { id: load.spanId, parentId: call.spanId, localEndpoint: { serviceName: "jz-cart" } },
    ]);
  });

  test("says what is wrong as plain text", async () => {
    const answer = await fetch(`${server.url}/zipkin/api/v2/trace/0xyz`);
    expect([answer.status, await answer.text()]).toEqual([
      400,
      "0xyz should be lower-hex encoded with no prefix",
    ]);
    const nothing = await fetch(`${server.url}/jaeger/api/nothing`);
    expect([nothing.status, await nothing.json()]).toMatchObject([
      404,
      { errors: [{ code: 404 }] },
    ]);
  });
});
