// Traces of a search counted by the engine, against a plain count of what was put in.

import { expect, test } from "vitest";
import { readTraceCounts } from "../read/trace-counts.ts";
import type { TraceCounts } from "../trace-reader.ts";
import { type SampleSpan, spanIdOf, traceIdOf } from "./sample-spans.ts";
import { MINUTE, NOON, RANGE, SECOND, type StoreInHand } from "./store-in-hand.ts";

const TRACES = 40;
const DAY = Number(NOON / (86_400n * SECOND));

export function describeCounts(hand: StoreInHand): void {
  test("counts of traces by service, their roots, extents and orphans are those of their spans", async () => {
    const spans = spansOf("counted");
    for (const part of [0, 1, 2]) await hand.put(...spans.filter((_, i) => i % 3 === part));
    // Whom another tenant's spans have as parents is nobody's business here.
    await hand.put(...allParents("counted-beside"));
    const query = {
      tenant: "counted",
      range: RANGE,
      filter: { attributes: [] },
      sort: "newest",
    } as const;
    const { reader, engine } = hand.store;
    const first = await reader.searchCounts({ ...query, limit: 25 });
    const cursor = first.nextCursor ?? "";
    const second = await reader.searchCounts({ ...query, limit: 25, cursor });
    const found = [...first.traces, ...second.traces];
    const expected = countsOf(spans);
    expect(second.nextCursor).toBeUndefined();
    expect(found.map(({ traceId }) => traceId)).toEqual(
      (await hand.search("counted")).map(({ traceId }) => traceId),
    );
    expect(byTrace(found)).toEqual(expected);
    const orphans = [...expected.values()].map(({ orphanCount }) => orphanCount);
    expect(Math.min(...orphans)).toBe(0);
    expect(Math.max(...orphans)).toBeGreaterThan(3);

    // The same when only few spans may be counted at once.
    const known = found.map(({ traceId, startUnixNano }) => ({
      traceId,
      day: DAY,
      span: { startUnixNano, durationNano: 0 },
    }));
    const bySmallSteps = await readTraceCounts(engine, "counted", known, {}, 60);
    expect(bySmallSteps).toEqual(found);
  });

  test("a trace whose parents all lie in another trace, under the same ids, has orphans", async () => {
    const [one, other] = [traceIdOf(2201), traceIdOf(2202)];
    const parent = spanIdOf(7);
    await hand.put(
      { tenant: "kin", trace: one, span: parent, start: NOON },
      { tenant: "kin", trace: other, span: spanIdOf(8), parent, start: NOON + 1n },
    );
    const { traces } = await hand.store.reader.searchCounts({
      tenant: "kin",
      range: RANGE,
      filter: { attributes: [] },
      sort: "newest",
      limit: 10,
    });
    expect(traces.map(({ traceId, orphanCount }) => [traceId, orphanCount])).toEqual([
      [other, 1],
      [one, 0],
    ]);
    expect(traces[0]).not.toHaveProperty("rootService");
    expect(traces[1]).toMatchObject({ rootService: "shop", rootName: "work" });
  });
}

/** Traces of 1 to 20 spans, the same span ids in all of them, a third without a root. */
function spansOf(tenant: string): SampleSpan[] {
  return Array.from({ length: TRACES }, (_, t) => {
    const length = 1 + ((t * 7) % 20);
    return Array.from({ length }, (_span, i): SampleSpan => {
      const mixed = (t * 31 + i * 17) % 23;
      const isRoot = i === 0 && t % 3 !== 0;
      // Every fourth trace is whole; in the others some parents are spans that never came.
      const parent = t % 4 === 0 ? i - 1 : mixed;
      return {
        tenant,
        trace: traceIdOf(2100 + t),
        span: spanIdOf(i),
        ...(isRoot || parent < 0 ? {} : { parent: spanIdOf(parent) }),
        service: `service-${mixed % 4}`,
        name: `operation ${i}`,
        status: mixed % 5 === 0 ? 2 : 0,
        start: NOON + BigInt(t) * MINUTE + BigInt(mixed) * 7n * SECOND,
        duration: BigInt(1 + mixed) * SECOND,
      };
    });
  }).flat();
}

function allParents(tenant: string): SampleSpan[] {
  return Array.from({ length: TRACES * 25 }, (_, i) => ({
    tenant,
    trace: traceIdOf(2100 + Math.floor(i / 25)),
    span: spanIdOf(i % 25),
    start: NOON,
  }));
}

function countsOf(spans: readonly SampleSpan[]): ReadonlyMap<string, TraceCounts> {
  const traces = Map.groupBy(spans, ({ trace }) => trace);
  return byTrace([...traces].map(([traceId, own]) => countOf(traceId, own)));
}

function countOf(traceId: string, spans: readonly SampleSpan[]): TraceCounts {
  const ids = new Set(spans.map(({ span }) => span));
  const starts = spans.map(({ start }) => start).sort(ascending);
  const ends = spans.map(({ start, duration = 0n }) => start + duration).sort(ascending);
  const [start = 0n] = starts;
  const root = spans.find(({ parent }) => parent === undefined);
  const isError = ({ status }: SampleSpan): boolean => status === 2;
  const services = Map.groupBy(spans, ({ service = "" }) => service);
  return {
    traceId,
    startUnixNano: String(start),
    durationNano: String((ends.at(-1) ?? 0n) - start),
    ...(root === undefined ? {} : { rootService: root.service ?? "", rootName: root.name ?? "" }),
    spanCount: spans.length,
    errorCount: spans.filter(isError).length,
    services: Object.fromEntries(
      [...services].map(([service, own]) => [
        service,
        { spans: own.length, errors: own.filter(isError).length },
      ]),
    ),
    orphanCount: spans.filter(({ parent }) => parent !== undefined && !ids.has(parent)).length,
  };
}

function byTrace(counts: readonly TraceCounts[]): ReadonlyMap<string, TraceCounts> {
  return new Map(counts.map((count) => [count.traceId, count]));
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
