import { describe, expect, it } from "vitest";
import { type HealthSpan, TraceHealthTally } from "./trace-health.ts";

const ms = 1e6;

function span(
  id: string,
  parent: string,
  service: string,
  more: Partial<HealthSpan> = {},
): HealthSpan {
  return {
    spanId: id,
    parentSpanId: parent,
    service,
    host: "",
    kind: "internal",
    start: 0,
    duration: 10 * ms,
    peer: "",
    counts: true,
    ...more,
  };
}

/** shop calls cart. */
function call(more: Partial<HealthSpan> = {}): HealthSpan[] {
  return [
    span("1", "", "shop", { kind: "server", duration: 100 * ms }),
    span("2", "1", "shop", {
      kind: "client",
      start: 10 * ms,
      duration: 50 * ms,
      peer: "10.0.0.7:80",
      host: "a",
    }),
    span("3", "2", "cart", {
      kind: "server",
      start: 20 * ms,
      duration: 30 * ms,
      host: "b",
      ...more,
    }),
  ];
}

describe("trace health", () => {
  it("of whole traces is good", () => {
    const tally = new TraceHealthTally();
    tally.addTrace("t", call());
    expect(tally.report(0.5)).toMatchObject({
      sampledShare: 0.5,
      traces: 1,
      spans: 3,
      orphanSpans: 0,
      duplicateSpans: 0,
      rootlessTraces: 0,
      propagation: [{ caller: "shop", callee: "cart", calls: 1, brokenCalls: 0 }],
      clocks: [{ callerHost: "a", calleeHost: "b", calls: 1, certainCalls: 0, offsetNano: 0 }],
    });
  });

  it("counts orphans and duplicates by service, with an example", () => {
    const tally = new TraceHealthTally();
    tally.addTrace("t1", [...call(), span("4", "gone", "mail"), span("3", "2", "cart")]);
    tally.addTrace("t2", [span("9", "8", "mail")]);
    const health = tally.report(1);
    expect(health).toMatchObject({
      orphanSpans: 2,
      tracesWithOrphans: 2,
      rootlessTraces: 1,
      duplicateSpans: 1,
    });
    expect(health.services[0]).toEqual({
      service: "mail",
      spans: 2,
      orphanSpans: 2,
      duplicateSpans: 0,
      exampleTraceId: "t1",
    });
  });

  it("finds calls that lost their context, because the same peer answered others", () => {
    const tally = new TraceHealthTally();
    tally.addTrace("t1", call());
    tally.addTrace("t2", call().slice(0, 2));
    tally.addTrace("t3", [span("7", "", "cart", { kind: "server" })]);
    expect(tally.report(1).propagation).toEqual([
      { caller: "shop", callee: "cart", calls: 2, brokenCalls: 1, exampleTraceId: "t2" },
    ]);
  });

  it("knows a peer by its name as well, and blames nobody for databases", () => {
    const tally = new TraceHealthTally();
    const client = { kind: "client" } as const;
    tally.addTrace("t1", [
      span("1", "", "shop", { ...client, peer: "cart.shop.svc:8080" }),
      span("2", "", "shop", { ...client, peer: "postgres:5432" }),
      span("3", "", "shop", client),
    ]);
    tally.addTrace("t2", [span("7", "", "cart", { kind: "server" })]);
    expect(tally.report(1).propagation).toEqual([
      { caller: "shop", callee: "cart", calls: 1, brokenCalls: 1, exampleTraceId: "t1" },
    ]);
  });

  it("sees clocks that disagree, for certain where a half sticks out", () => {
    const tally = new TraceHealthTally();
    for (let i = 0; i < 3; i++) tally.addTrace(`t${i}`, call({ start: 20 * ms - 500 * ms }));
    expect(tally.report(1).clocks).toEqual([
      {
        callerHost: "a",
        calleeHost: "b",
        calls: 3,
        offsetNano: -500 * ms,
        certainCalls: 3,
        leastNano: 490 * ms,
        exampleTraceId: "t0",
      },
    ]);
  });

  it("takes a caller that gave up for what it is", () => {
    const tally = new TraceHealthTally();
    tally.addTrace("t", call({ duration: 900 * ms }));
    expect(tally.report(1).clocks[0]).toMatchObject({ certainCalls: 0 });
  });

  it("counts only what lies in the range, with relatives from around it", () => {
    const tally = new TraceHealthTally();
    tally.addTrace(
      "t",
      call().map((one) => ({ ...one, counts: one.spanId === "3" })),
    );
    tally.addTrace(
      "u",
      call().map((one) => ({ ...one, counts: false })),
    );
    expect(tally.report(1)).toMatchObject({ traces: 1, spans: 1, orphanSpans: 0, propagation: [] });
  });
});
