// A trace by its id, as Grafana and others fetch it from Tempo.

import { afterAll, describe, expect, test } from "vitest";
import { cartTrace, now, payTrace } from "../native/testing/shop.ts";
import { memoryTraceqlReader } from "./testing/memory-traceql-reader.ts";
import { decode } from "./testing/tempo-proto.ts";
import { foundTraces, tempoShop } from "./testing/tempo-shop.ts";

const { server } = tempoShop();
afterAll(() => server.close());

interface OtlpSpan {
  readonly name: string;
  readonly status?: unknown;
}
interface Batch {
  readonly scope_spans: readonly { readonly scope?: unknown; readonly spans: OtlpSpan[] }[];
}

function spansOf(trace: unknown): OtlpSpan[] {
  const { batches } = trace as { batches: readonly Batch[] };
  return batches.flatMap((batch) => batch.scope_spans.flatMap(({ spans }) => spans));
}

describe("in protobuf", () => {
  const headers = { accept: "application/protobuf" };

  test("version 2 wraps the trace, and every span has scope and status", async () => {
    const answer = await server.inject({ url: `/tempo/api/v2/traces/${cartTrace}`, headers });
    expect(answer.headers["content-type"]).toBe("application/protobuf");
    const response = decode("TraceByIDResponse", answer.rawPayload);
    expect(spansOf(response["trace"]).map(({ name }) => name)).toEqual(["GET /cart", "load"]);
    for (const { status } of spansOf(response["trace"])) expect(status).toEqual({});
    const { batches } = response["trace"] as { batches: Batch[] };
    for (const { scope_spans } of batches) expect(scope_spans[0]?.scope).toEqual({});
  });

  test("version 1 is the trace alone", async () => {
    const answer = await server.inject({ url: `/tempo/api/traces/${payTrace}`, headers });
    expect(spansOf(decode("Trace", answer.rawPayload))).toMatchObject([
      { name: "POST /pay", status: { code: 2 } },
    ]);
  });

  test("leading zeros of an id may be left out, and upper case is understood", async () => {
    const answer = await server.inject({ url: "/tempo/api/v2/traces/CA270", headers });
    expect(spansOf(decode("TraceByIDResponse", answer.rawPayload)["trace"]).length).toBe(2);
  });
});

describe("in JSON", () => {
  test("ids are base64, kinds and codes are names, as Go's jsonpb has them", async () => {
    const answer = await server.inject(`/tempo/api/v2/traces/${payTrace}`);
    expect(answer.json()).toMatchObject({
      status: "COMPLETE",
      metrics: {},
      trace: {
        resourceSpans: [
          {
            resource: { attributes: [{ key: "service.name", value: { stringValue: "web" } }] },
            scopeSpans: [
              {
                scope: {},
                spans: [
                  {
                    traceId: Buffer.from(payTrace, "hex").toString("base64"),
                    spanId: Buffer.from("00000000000000b1", "hex").toString("base64"),
                    kind: "SPAN_KIND_SERVER",
                    startTimeUnixNano: String(now - 30_000_000_000n),
                    status: { code: "STATUS_CODE_ERROR" },
                  },
                ],
              },
            ],
          },
        ],
      },
    });
  });

  test("version 1 calls the list batches", async () => {
    const answer = await server.inject(`/tempo/api/traces/${cartTrace}`);
    expect(Object.keys(answer.json())).toEqual(["batches"]);
  });

  test("for language models attributes are plain values", async () => {
    const headers = { accept: "application/vnd.grafana.llm" };
    const answer = await server.inject({ url: `/tempo/api/v2/traces/${payTrace}`, headers });
    expect(answer.headers["content-type"]).toBe("application/vnd.grafana.llm");
    const body = JSON.parse(answer.body) as unknown;
    expect(body).toMatchObject({
      status: "COMPLETE",
      trace: {
        traceId: payTrace,
        services: [
          {
            serviceName: "web",
            resource: { "service.name": "web" },
            scopes: [
              {
                spans: [
                  {
                    spanId: "00000000000000b1",
                    parentSpanId: "",
                    kind: "server",
                    durationMs: 2000,
                    attributes: { "http.route": "/pay", "http.response.status_code": 502 },
                    status: { code: "error", message: "" },
                  },
                ],
              },
            ],
          },
        ],
      },
    });
  });
});

describe("a trace that is not there", () => {
  const unknown = "f".repeat(32);

  test("is 404 without a body in version 1", async () => {
    const answer = await server.inject(`/tempo/api/traces/${unknown}`);
    expect([answer.statusCode, answer.body]).toEqual([404, ""]);
  });

  test("is an empty trace in version 2", async () => {
    const answer = await server.inject(`/tempo/api/v2/traces/${unknown}`);
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { trace: { resourceSpans: [] }, metrics: {}, status: "COMPLETE" },
    ]);
    const headers = { accept: "application/protobuf" };
    const bytes = await server.inject({ url: `/tempo/api/v2/traces/${unknown}`, headers });
    expect(decode("TraceByIDResponse", bytes.rawPayload)).toEqual({ trace: {}, metrics: {} });
  });

  test("is not there for another tenant either", async () => {
    const headers = { "x-scope-orgid": "other" };
    const answer = await server.inject({ url: `/tempo/api/traces/${payTrace}`, headers });
    expect(answer.statusCode).toBe(404);
  });

  test.each(["xyz", "a".repeat(33)])("cannot be called %s", async (id) => {
    const answer = await server.inject(`/tempo/api/v2/traces/${id}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(answer.body).toContain("invalid trace id");
  });
});

describe("a filter on a trace", () => {
  // The reader finds the first trace of its list whatever the filter: span b1 of the pay trace.
  const found = [{ ...foundTraces[0]!, startUnixNano: String(now - 60_000_000_000n) }];
  const onCart = found.map((trace) => ({
    ...trace,
    spansets: trace.spansets.map((set) => ({
      ...set,
      spans: set.spans.map((span) => ({ ...span, spanId: "00000000000000a2" })),
    })),
  }));
  const traceql = memoryTraceqlReader({ traces: onCart });
  const filtered = tempoShop(traceql).server;
  afterAll(() => filtered.close());
  const url = `/tempo/api/v2/traces/${cartTrace}?q=${encodeURIComponent("{ status = error }")}`;

  async function names(more: string): Promise<string[]> {
    const headers = { accept: "application/protobuf" };
    const answer = await filtered.inject({ url: url + more, headers });
    return spansOf(decode("TraceByIDResponse", answer.rawPayload)["trace"]).map(({ name }) => name);
  }

  test("leaves the spans that match, and says that the trace is partial", async () => {
    const answer = await filtered.inject(url);
    expect(answer.json()).toMatchObject({
      status: "PARTIAL",
      message: "the filter leaves 1 of 2 spans",
    });
    expect(await names("")).toEqual(["load"]);
    expect(traceql.searches[0]?.query.pipeline.stages).toMatchObject([
      { kind: "filter", condition: { operator: "&&", right: { right: { value: cartTrace } } } },
    ]);
  });

  test("keeps the ancestors when asked to", async () => {
    expect(await names("&keep_hierarchy=true")).toEqual(["GET /cart", "load"]);
    expect(await names("&keep_hierarchy=true&ancestor_depth=0")).toEqual(["load"]);
  });

  test.each(["{} | count() > 1", "{} >> {}", "{} | rate()", "{ status = "])(
    "cannot be %s",
    async (q) => {
      const answer = await filtered.inject(
        `/tempo/api/v2/traces/${cartTrace}?q=${encodeURIComponent(q)}`,
      );
      expect(answer.statusCode).toBe(400);
    },
  );
});
