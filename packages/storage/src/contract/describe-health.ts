// Trace health against stored traces that are whole, torn and skewed.

import { expect, test } from "vitest";
import { type SampleSpan, spanIdOf, traceIdOf } from "./sample-spans.ts";
import { NOON, RANGE, SECOND, type StoreInHand } from "./store-in-hand.ts";

const tenant = "health";

/** shop on host a calls cart on host b, whose clock is `ahead`. */
function call(number: number, ahead: bigint, withServer = true): SampleSpan[] {
  const trace = traceIdOf(7000 + number);
  const id = (part: number) => spanIdOf(number * 10 + part);
  const start = NOON - 600n * SECOND + BigInt(number) * SECOND;
  const shop = { tenant, trace, service: "shop", resource: { "host.name": "a" } };
  const peer = { "server.address": "10.1.1.1", "server.port": 8080n };
  return [
    { ...shop, span: id(1), start, duration: SECOND, kind: 2 },
    {
      ...shop,
      span: id(2),
      parent: id(1),
      start: start + 100_000_000n,
      duration: 500_000_000n,
      kind: 3,
      attributes: peer,
    },
    ...(withServer
      ? [
          {
            tenant,
            trace,
            span: id(3),
            parent: id(2),
            service: "cart",
            resource: { "host.name": "b" },
            start: start + 200_000_000n + ahead,
            duration: 300_000_000n,
            kind: 2,
          },
        ]
      : []),
  ];
}

export function describeHealth(hand: StoreInHand): void {
  test("trace health tells orphans, broken calls and skewed clocks", async () => {
    const torn = call(1, 0n).filter(({ span }) => span !== spanIdOf(12));
    await hand.put(...call(0, 2n * SECOND), ...torn, ...call(2, 0n, false));
    const health = await hand.store.reader.traceHealth({ tenant, range: RANGE });
    expect(health).toMatchObject({
      sampledShare: 1,
      traces: 3,
      spans: 7,
      orphanSpans: 1,
      duplicateSpans: 0,
    });
    expect(health.services[0]).toMatchObject({
      service: "cart",
      orphanSpans: 1,
      exampleTraceId: traceIdOf(7001),
    });
    expect(health.propagation).toEqual([
      { caller: "shop", callee: "cart", calls: 2, brokenCalls: 1, exampleTraceId: traceIdOf(7002) },
    ]);
    expect(health.clocks).toMatchObject([
      {
        callerHost: "a",
        calleeHost: "b",
        calls: 1,
        certainCalls: 1,
        offsetNano: 2_000_000_000,
        leastNano: 1_900_000_000,
      },
    ]);
  });

  test("trace health of a range in which nothing started is empty", async () => {
    const range = { startNano: 0n, endNano: SECOND };
    expect(await hand.store.reader.traceHealth({ tenant, range })).toMatchObject({
      traces: 0,
      spans: 0,
    });
  });
}
