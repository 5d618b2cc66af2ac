import type { SpanFacts } from "@clew/model";
import { describe, expect, it } from "vitest";
import { checkTrace } from "./check.ts";
import type { TraceExpectation } from "./expectation.ts";
import { TraceFacts } from "./trace-facts.ts";

const traceId = "1".repeat(32);

function id(number: number): string {
  return number === 0 ? "" : number.toString(16).padStart(16, "0");
}

function span(
  number: number,
  parent: number,
  service: string,
  name: string,
  more: Partial<SpanFacts> = {},
): SpanFacts {
  return {
    traceId,
    spanId: id(number),
    parentSpanId: id(parent),
    service,
    name,
    kind: "internal",
    status: "unset",
    startUnixNano: 1000n + BigInt(number),
    durationNano: 1e6,
    attributes: {},
    resource: {},
    links: [],
    ...more,
  };
}

/** A gateway that calls orders, which asks a database and sends a message that mail takes up by a link. */
function shop(): SpanFacts[] {
  return [
    span(1, 0, "gateway", "POST /orders", { kind: "server", durationNano: 90e6 }),
    span(2, 1, "gateway", "POST", { kind: "client" }),
    span(3, 2, "orders", "POST /orders", {
      kind: "server",
      attributes: { "http.response.status_code": 201n, "http.route": "/orders" },
    }),
    span(4, 3, "orders", "INSERT", {
      kind: "client",
      attributes: { "db.system.name": "postgresql" },
    }),
    span(5, 3, "orders", "send mails", { kind: "producer" }),
    span(6, 0, "mail", "process mails", {
      kind: "consumer",
      traceId: "2".repeat(32),
      links: [{ traceId, spanId: id(5) }],
    }),
  ];
}

function messages(spans: readonly SpanFacts[], expectation: TraceExpectation): string[] {
  return checkTrace(new TraceFacts(spans), expectation).map(
    ({ kind, message }) => `${kind}: ${message}`,
  );
}

const whole: TraceExpectation = {
  services: ["gateway", "orders", "mail"],
  edges: [
    ["gateway", "orders"],
    ["orders", "mail"],
  ],
  unexpected: "forbid",
  spanCount: { min: 6, max: 6 },
  maxDurationNano: 100e6,
  spans: [
    {
      service: "orders",
      name: /^POST/,
      kind: "server",
      count: { min: 1, max: 1 },
      parent: { service: "gateway", kind: "client" },
      attributes: {
        "http.response.status_code": 201,
        "http.route": /^\/ord/,
        "url.full": { exists: false },
      },
    },
    { service: "mail", parent: { name: "send mails" } },
    { service: "gateway", kind: "server", parent: "root" },
  ],
};

describe("a trace that is as expected", () => {
  it("has no findings, over a queue as well", () => {
    expect(messages(shop(), whole)).toEqual([]);
  });

  it("does not depend on the order in which its spans arrived", () => {
    expect(messages(shop().toReversed(), whole)).toEqual([]);
  });
});

describe("findings", () => {
  it("name the call whose context was not passed on", () => {
    const spans = shop().map((one) => (one.spanId === id(3) ? { ...one, parentSpanId: "" } : one));
    expect(messages(spans, { edges: [["gateway", "orders"]] })).toEqual([
      "broken-propagation: gateway -> orders: both take part, but no span of orders hangs under one of gateway",
    ]);
    const without = shop().filter(({ service }) => service === "gateway");
    expect(messages(without, { edges: [["gateway", "orders"]] })[0]).toBe(
      'broken-propagation: gateway -> orders: "POST" of gateway has no other half; the context was not passed on, or orders\'s spans did not arrive',
    );
  });

  it("tell orphans and duplicates without being asked, and keep quiet about them when told to", () => {
    const spans = [...shop().filter(({ spanId }) => spanId !== id(2)), shop()[3] as SpanFacts];
    expect(messages(spans, {})).toEqual([
      'orphaned: "POST /orders" of orders names parent 0000000000000002, which is not in the trace',
      'duplicated: "INSERT" of orders has the id 0000000000000004 of another span',
    ]);
    expect(messages(spans, { complete: false })).toEqual([]);
  });

  it("say what comes closest to a missing span", () => {
    expect(messages(shop(), { spans: [{ service: "orders", name: "DELETE" }] })).toEqual([
      'missing: no span "DELETE" of orders; the service has "POST /orders", "INSERT", "send mails"',
    ]);
    expect(messages(shop(), { spans: [{ name: "INSERT", status: "error" }] })[0]).toContain(
      "there is one with status unset",
    );
  });

  it("tell a wrong parent, a wrong root, a wrong attribute", () => {
    const expectation: TraceExpectation = {
      spans: [
        { name: "INSERT", parent: { service: "gateway" } },
        { name: "INSERT", parent: "root" },
        {
          name: "INSERT",
          attributes: { "db.system.name": "mysql", "db.namespace": { exists: true } },
        },
        {
          service: "orders",
          kind: "server",
          attributes: { "http.response.status_code": { max: 200 } },
        },
      ],
    };
    expect(messages(shop(), expectation)).toEqual([
      'mis-parented: "INSERT" of orders should be a child of span of gateway, and is one of "POST /orders" of orders',
      'mis-parented: "INSERT" of orders should be a root, and is a child of "POST /orders" of orders',
      'attribute: attribute db.system.name of "INSERT" of orders is "postgresql", expected "mysql"',
      'attribute: attribute db.namespace of "INSERT" of orders is absent, expected {"exists":true}',
      'attribute: attribute http.response.status_code of "POST /orders" of orders is 201, expected {"max":200}',
    ]);
  });

  it("count: too many, too few, too slow, errors that nobody expected", () => {
    const failed = shop().map((one) =>
      one.name === "INSERT" ? { ...one, status: "error" as const } : one,
    );
    expect(messages(failed, { spans: [{ service: "orders", count: { min: 1, max: 2 } }] })).toEqual(
      [
        "unexpected: 3 times span of orders, expected 1 to 2",
        'error: 1 spans with an error, expected 0: "INSERT" of orders',
      ],
    );
    expect(messages(failed, { errors: { min: 1, max: 1 } })).toEqual([]);
    expect(messages(shop(), { spanCount: { min: 7, max: 9 }, maxDurationNano: 1e6 })).toEqual([
      "count: 6 spans, expected 7 to 9",
      "slow: the trace took 90 ms, at most 1 ms expected",
    ]);
  });

  it("name services and calls that nobody expected, when asked", () => {
    const expectation: TraceExpectation = {
      services: ["gateway", "orders"],
      edges: [["gateway", "orders"]],
      unexpected: "forbid",
    };
    expect(messages(shop(), expectation)).toEqual([
      "unexpected: service mail takes part",
      "unexpected: orders -> mail is called",
    ]);
  });

  it("are not fooled by attribute keys of every object", () => {
    const expectation = {
      spans: [{ name: "INSERT", attributes: { constructor: { exists: true } } }],
    };
    expect(messages(shop(), expectation)).toHaveLength(1);
  });
});
