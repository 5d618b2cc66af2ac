import type { MetricSeries } from "@clew/model";
import { parse } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, MINUTE, NOON, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import type { TraceqlMetrics } from "../../traceql-reader.ts";
import { readMetrics } from "./read-metrics.ts";
import { valueKey } from "./series.ts";

let store: TestStore;
let ids = 0;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
}, 60_000);
afterAll(() => store.close());

const MS = 1_000_000n;

/** A span that starts so many seconds after noon. */
function span(tenant: string, seconds: number, more: Partial<SampleSpan> = {}): SampleSpan {
  const id = ids++;
  const start = NOON + BigInt(Math.round(seconds * 1000)) * MS;
  return { tenant, trace: traceIdOf(id), span: spanIdOf(id), start, ...more };
}

function put(...spans: readonly SampleSpan[]): Promise<void> {
  return store.insert(spanBatch(spans, ARRIVED));
}

async function ask(tenant: string, text: string, more: Partial<TraceqlMetrics> = {}) {
  const query = parse(text);
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  return readMetrics(
    store.engine,
    {
      tenant,
      query,
      range: { startNano: NOON, endNano: NOON + 60n * SECOND },
      stepNano: 15n * SECOND,
      exemplars: 0,
      maxSeries: 100,
      ...more,
    },
    {},
  );
}

/** Labels -> values by seconds after noon. */
function plain(series: readonly MetricSeries[]): Record<string, Record<number, number>> {
  return Object.fromEntries(
    series.map(({ labels, samples }) => [
      labels.map(({ name, value }) => `${name}=${valueKey(value)}`).join(" "),
      Object.fromEntries(
        samples.map(({ timeMs, value }) => [timeMs / 1000 - Number(NOON / SECOND), value]),
      ),
    ]),
  );
}

async function answer(tenant: string, text: string, more: Partial<TraceqlMetrics> = {}) {
  return plain((await ask(tenant, text, more)).series);
}

describe("a scan", () => {
  beforeAll(async () => {
    const seconds = Array.from({ length: 50 }, (_, i) => i + 1);
    await put(
      ...seconds.map((at) =>
        span("fixture", at, {
          duration: BigInt(at) * SECOND,
          service: at % 2 === 0 ? "even" : "odd",
          attributes: { n: BigInt(at), half: at / 2, ...(at > 45 ? { late: true } : {}) },
        }),
      ),
    );
  });

  test("buckets are closed on the right and bear their end", async () => {
    const more = { range: { startNano: NOON, endNano: NOON + 50n * SECOND } };
    expect(await answer("fixture", "{} | count_over_time()", more)).toEqual({
      "__name__=string:count_over_time": { 15: 15, 30: 15, 45: 15, 60: 5 },
    });
    expect((await answer("fixture", "{} | rate()", more))["__name__=string:rate"]?.[60]).toBe(
      5 / 15,
    );
  });

  test("a span at the start of the range is no part of it, one at its end is", async () => {
    const range = { startNano: NOON + 15n * SECOND, endNano: NOON + 30n * SECOND };
    expect(await answer("fixture", "{} | count_over_time()", { range })).toEqual({
      "__name__=string:count_over_time": { 30: 15 },
    });
    const { series } = await ask("fixture", "{} | count_over_time()", {
      range,
      stepNano: undefined,
    } as never);
    expect(plain(series)).toEqual({ "__name__=string:count_over_time": { 30: 16 } });
  });

  test("values are exact: extremes, sums, means, and quantiles by nearest rank; durations in seconds", async () => {
    const one = async (text: string) => (Object.values(await answer("fixture", text))[0] ?? {})[15];
    expect(await one("{} | min_over_time(duration)")).toBe(1);
    expect(await one("{} | max_over_time(duration)")).toBe(15);
    expect(await one("{} | sum_over_time(span.n)")).toBe(120);
    expect(await one("{} | avg_over_time(span.half)")).toBe(4);
    expect(await answer("fixture", "{} | quantile_over_time(duration, .5, 1, 0)")).toEqual({
      "p=float:0": { 15: 1, 30: 16, 45: 31, 60: 46 },
      "p=float:0.5": { 15: 8, 30: 23, 45: 38, 60: 48 },
      "p=float:1": { 15: 15, 30: 30, 45: 45, 60: 50 },
    });
  });

  test("counts and quantiles by service alone are what they are by more fields", async () => {
    for (const call of ["rate()", "quantile_over_time(duration, .5, .9)"]) {
      const alone = await answer("fixture", `{} | ${call} by(resource.service.name)`);
      const more = await answer("fixture", `{} | ${call} by(resource.service.name, .none)`);
      expect(Object.keys(alone)).toHaveLength(call === "rate()" ? 2 : 4);
      expect(alone).toEqual(more);
    }
  });

  test("counts have zeros where nothing was, other functions gaps; nothing at all is zeros for a count without groups", async () => {
    expect(await answer("fixture", "{ span.late } | count_over_time()")).toEqual({
      "__name__=string:count_over_time": { 15: 0, 30: 0, 45: 0, 60: 5 },
    });
    expect(await answer("fixture", "{ span.late } | max_over_time(span.n)")).toEqual({
      "__name__=string:max_over_time": { 60: 50 },
    });
    const nothing = "{ name = `none` }";
    expect(Object.values(await answer("fixture", `${nothing} | rate()`))).toEqual([
      { 15: 0, 30: 0, 45: 0, 60: 0 },
    ]);
    expect(await answer("fixture", `${nothing} | rate() by(name)`)).toEqual({});
    expect(await answer("fixture", `${nothing} | sum_over_time(duration)`)).toEqual({});
  });

  test("groups have the labels that the query writes; a nil label is left out unless all are", async () => {
    expect(
      await answer("fixture", "{} | count_over_time() by(resource.service.name, span.late)", {
        stepNano: MINUTE,
      }),
    ).toEqual({
      "resource.service.name=string:even": { 60: 22 },
      "resource.service.name=string:even span.late=bool:true": { 60: 3 },
      "resource.service.name=string:odd": { 60: 23 },
      "resource.service.name=string:odd span.late=bool:true": { 60: 2 },
    });
    expect(
      await answer("fixture", "{} | count_over_time() by(.late)", { stepNano: MINUTE }),
    ).toEqual({
      ".late=bool:true": { 60: 5 },
      ".late=nil": { 60: 45 },
    });
  });

  test("a histogram counts by powers of two with the upper bound inside, and leaves out what is below 2", async () => {
    const more = { stepNano: MINUTE };
    expect(await answer("fixture", "{} | histogram_over_time(span.n)", more)).toEqual({
      "__bucket=float:2": { 60: 1 },
      "__bucket=float:4": { 60: 2 },
      "__bucket=float:8": { 60: 4 },
      "__bucket=float:16": { 60: 8 },
      "__bucket=float:32": { 60: 16 },
      "__bucket=float:64": { 60: 18 },
    });
    const seconds = await answer("fixture", "{} | histogram_over_time(duration)", more);
    expect(Object.keys(seconds)).toContain("__bucket=float:1.073741824");
  });

  test("stages and arithmetic go over the series", async () => {
    const more = { stepNano: MINUTE };
    const share =
      "({ span.late } | rate() by(resource.service.name)) / ({} | rate() by(resource.service.name))";
    expect(await answer("fixture", share, more)).toEqual({
      "resource.service.name=string:even": { 60: 3 / 25 },
      "resource.service.name=string:odd": { 60: 2 / 25 },
    });
    expect(await answer("fixture", "({ span.late } | rate()) / ({} | rate()) * 100", more)).toEqual(
      {
        "__name__=string:((rate / rate) * 100)": { 60: 10 },
      },
    );
    expect(
      await answer(
        "fixture",
        "{ span.late } | count_over_time() by(resource.service.name) | topk(1)",
        more,
      ),
    ).toEqual({
      "resource.service.name=string:even": { 60: 3 },
    });
    expect(await answer("fixture", "{} | count_over_time() > 5 < 15")).toEqual({});
  });

  test("filters one after another must all hold, filters joined by || one of them", async () => {
    const more = { stepNano: MINUTE };
    const count = async (text: string) =>
      Object.values(await answer("fixture", `${text} | count_over_time()`, more))[0]?.[60];
    expect(await count("{ span.n > 10 } | { span.n <= 20 } | select(name)")).toBe(10);
    expect(await count("{ span.n = 1 } || { span.n > 48 }")).toBe(3);
    expect(await count("({ span.n > 10 } | { span.n < 12 }) || {}")).toBe(50);
  });

  test("more series than asked for: the greatest are shown, with a word that there are more", async () => {
    const result = await ask("fixture", "{} | count_over_time() by(span.n)", {
      maxSeries: 3,
      stepNano: MINUTE,
    });
    expect(result.series).toHaveLength(3);
    expect(result.partial).toContain("50 series");
    expect((await ask("fixture", "{} | rate()", { maxSeries: 1 })).partial).toBeUndefined();
  });

  test("hints: extrapolated counts weigh spans by what they stand for", async () => {
    await put(
      span("weighed", 1, { weight: 4, duration: SECOND }),
      span("weighed", 2, { weight: 1, duration: 6n * SECOND }),
    );
    const one = async (text: string) =>
      Object.values(await answer("weighed", text, { stepNano: MINUTE }))[0]?.[60];
    expect(await one("{} | count_over_time()")).toBe(2);
    expect(await one("{} | count_over_time() with(extrapolate=true)")).toBe(5);
    expect(await one("{} | sum_over_time(duration) with(extrapolate=true)")).toBe(10);
    expect(await one("{} | avg_over_time(duration) with(extrapolate=true)")).toBe(2);
    expect(await one("{} | quantile_over_time(duration, .5) with(extrapolate=true)")).toBe(1);
    expect(await one("{} | count_over_time() with(sample=0.1)")).toBe(2);
    const byService = "by(resource.service.name) with(extrapolate=true)";
    expect(await one(`{} | quantile_over_time(duration, .5) ${byService}`)).toBe(1);
    expect(await one(`{} | count_over_time() ${byService}`)).toBe(5);
  });

  test("exemplars: two a bucket, one a trace, at the right quantile, none of what a threshold dropped", async () => {
    const { series } = await ask("fixture", "{} | rate()", { exemplars: 100 });
    const { exemplars = [] } = series[0] ?? {};
    expect(exemplars).toHaveLength(8);
    expect(new Set(exemplars.map(({ traceId }) => traceId)).size).toBe(8);
    expect(exemplars[0]?.value).toBe(1);
    const some = await ask("fixture", "{} | rate()", { exemplars: 3 });
    expect(some.series[0]?.exemplars).toHaveLength(3);
    const quantiles = await ask("fixture", "{} | quantile_over_time(duration, 0, 1)", {
      exemplars: 100,
    });
    for (const [index, one] of quantiles.series.entries()) {
      for (const { value, timeMs } of one.exemplars) {
        const second = timeMs / 1000 - Number(NOON / SECOND);
        expect(value).toBe(second);
        const place = (second - 1) % 15 < (second > 45 ? 2.5 : 7.5) ? 0 : 1;
        if ((second - 1) % 15 !== 7 && second !== 48) expect(place).toBe(index);
      }
    }
    const dropped = await ask("fixture", "{} | count_over_time() > 5", { exemplars: 100 });
    expect(dropped.series[0]?.exemplars).toHaveLength(6);
    expect(
      (await ask("fixture", "{} | rate() with(exemplars=false)", { exemplars: 9 })).series[0]
        ?.exemplars,
    ).toEqual([]);
  });
});
