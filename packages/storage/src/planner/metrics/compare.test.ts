import { parse } from "@clew/traceql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, MINUTE, NOON, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { rankAttributes } from "./compare-ranking.ts";
import { readMetrics } from "./read-metrics.ts";
import { valueKey } from "./series.ts";

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  await store.insert(
    spanBatch(
      Array.from({ length: 200 }, (_, i) => sample(i)),
      ARRIVED,
    ),
  );
}, 60_000);
afterAll(() => store.close());

/** Every tenth span fails, nearly all of those on version 2, which few others run. */
function sample(i: number): SampleSpan {
  const isError = i % 10 === 0;
  return {
    tenant: "compare",
    trace: traceIdOf(i),
    span: spanIdOf(i),
    start: NOON + BigInt(i) * 500_000_000n + 1n,
    kind: 2,
    status: isError ? 2 : 0,
    service: i % 2 === 0 ? "shop" : "mail",
    resource: { version: isError ? "2" : i % 19 === 0 ? "2" : "1" },
    attributes: {
      "http.route": i % 4 === 0 ? "/a" : "/b",
      "http.response.status_code": isError ? 500n : 200n,
      big: i === 7,
      ...(i % 3 === 0 ? { level: BigInt(i % 2) } : {}),
    },
  };
}

const RANGE = { startNano: NOON, endNano: NOON + 2n * MINUTE };

async function answer(
  call: string,
  stepNano: bigint,
  filter: string,
  exemplars: number,
  tenant = "compare",
) {
  const query = parse(`${filter} | ${call}`);
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  const request = {
    tenant,
    query,
    range: RANGE,
    stepNano,
    exemplars,
    maxSeries: 1000,
  };
  return await readMetrics(store.engine, request, {});
}

async function ask(call: string, stepNano = 2n * MINUTE, filter = "{}", tenant = "compare") {
  const { series } = await answer(call, stepNano, filter, 0, tenant);
  return series.map(({ labels, samples }): [string, number[]] => [
    labels.map(({ name, value }) => `${name}=${valueKey(value)}`).join(" "),
    samples.map(({ value }) => value),
  ]);
}

const type = (name: string): string => `__meta_type=string:${name}`;

test("counts of every attribute's values and totals, apart for selection and baseline", async () => {
  const found = new Map(await ask("compare({ status = error })"));
  const expected = {
    [`${type("selection")} span.http.route=string:/a`]: [10],
    [`${type("selection")} span.http.route=string:/b`]: [10],
    [`${type("baseline")} span.http.route=string:/a`]: [40],
    [`${type("baseline")} span.http.route=string:/b`]: [140],
    [`${type("baseline_total")} span.http.route=nil`]: [180],
    [`${type("selection_total")} span.http.route=nil`]: [20],
    [`${type("selection")} resource.version=string:2`]: [20],
    [`${type("selection")} span.http.response.status_code=int:500`]: [20],
    [`${type("baseline")} span.big=bool:true`]: [1],
    [`${type("baseline_total")} span.level=nil`]: [60],
    [`${type("selection")} status=status:error`]: [20],
    [`${type("selection_total")} kind=nil`]: [20],
    [`${type("baseline")} instrumentation.scope.note=string:s`]: [180],
  };
  for (const [labels, values] of Object.entries(expected)) {
    expect([labels, found.get(labels)]).toEqual([labels, values]);
  }
  const names = [...found.keys()].join("\n");
  for (const never of ["duration", "trace", "span:id", "parent", "nested", "db.", "statusMessage"])
    expect(names).not.toContain(never);
});

test("the attributes that tell the sides apart come first", async () => {
  const found = await ask("compare({ status = error })");
  const order = [...new Set(found.map(([labels]) => labels.split(" ")[1]?.split("=")[0]))];
  expect(order.slice(0, 3)).toEqual([
    "span.http.response.status_code",
    "status",
    "resource.version",
  ]);
  expect(order.indexOf("resource.version")).toBeLessThan(order.indexOf("span.http.route"));
});

test("only the most frequent values are shown, while totals count all", async () => {
  const found = new Map(await ask("compare({ status = error }, 1)"));
  expect(found.get(`${type("baseline")} span.http.route=string:/b`)).toEqual([140]);
  expect(found.has(`${type("baseline")} span.http.route=string:/a`)).toBe(false);
  expect(found.get(`${type("baseline_total")} span.http.route=nil`)).toEqual([180]);
});

test("counts come by step, for columns, maps and resources alike", async () => {
  const found = new Map(await ask("compare({ status = error })", MINUTE));
  expect(found.get(`${type("selection")} span.http.route=string:/a`)).toEqual([6, 4]);
  expect(found.get(`${type("baseline_total")} span.level=nil`)).toEqual([36, 24]);
  expect(found.get(`${type("selection")} resource.version=string:2`)).toEqual([12, 8]);
});

test("only spans inside the window are of the selection, and the pipeline's filter bounds both sides", async () => {
  const [from, to] = [NOON, NOON + 10n * SECOND];
  const windowed = new Map(await ask(`compare({ status = error }, 10, ${from}, ${to})`));
  expect(windowed.get(`${type("selection_total")} name=nil`)).toEqual([2]);
  expect(windowed.get(`${type("baseline_total")} name=nil`)).toEqual([198]);
  const filter = "{ resource.service.name = `mail` }";
  const mail = await ask("compare({ span.big = true })", 2n * MINUTE, filter);
  expect(new Map(mail).get(`${type("baseline_total")} name=nil`)).toEqual([99]);
});

describe("over whole traces", () => {
  const calls = Array.from({ length: 40 }, (_, i): SampleSpan[] => {
    const common = { tenant: "calls", trace: traceIdOf(i), start: NOON + BigInt(i) * SECOND + 1n };
    const isLarge = i % 4 === 0;
    return [
      { ...common, span: spanIdOf(1), kind: 2, service: "shop", attributes: { large: isLarge } },
      {
        ...common,
        span: spanIdOf(2),
        parent: spanIdOf(1),
        service: "stock",
        status: isLarge ? 2 : 0,
        attributes: { "http.route": isLarge ? "/bulk" : "/one", call: BigInt(i) },
      },
    ];
  }).flat();
  beforeAll(() => store.insert(spanBatch(calls, ARRIVED)));

  test("the spans that a pipeline finds are counted, and no others", async () => {
    const filter = "{ kind = server } >> { resource.service.name = `stock` }";
    const found = new Map(await ask("compare({ status = error })", 2n * MINUTE, filter, "calls"));
    expect(found.get(`${type("selection")} span.http.route=string:/bulk`)).toEqual([10]);
    expect(found.get(`${type("baseline")} span.http.route=string:/one`)).toEqual([30]);
    expect(found.get(`${type("baseline_total")} span.call=nil`)).toEqual([30]);
    expect(found.get(`${type("selection")} resource.service.name=string:stock`)).toEqual([10]);
    expect([...found.keys()].join("\n")).not.toContain("shop");
  });

  test("a selection may look at parents", async () => {
    const selection = "compare({ parent.large = true })";
    const found = new Map(await ask(selection, MINUTE / 2n, "{}", "calls"));
    expect(found.get(`${type("selection")} span.http.route=string:/bulk`)).toEqual([8, 2, 0, 0]);
    expect(found.get(`${type("baseline_total")} name=nil`)).toEqual([52, 18, 0, 0]);
  });

  test("only spans inside the window are of the selection", async () => {
    const window = `compare({ status = error }, 10, ${NOON}, ${NOON + 10n * SECOND})`;
    const found = new Map(await ask(window, 2n * MINUTE, "{ } | count() > 1", "calls"));
    expect(found.get(`${type("selection_total")} name=nil`)).toEqual([3]);
    expect(found.get(`${type("baseline_total")} name=nil`)).toEqual([77]);
  });
});

/** The number of a sample. */
function numberOf(spanId: string): number {
  return Number.parseInt(spanId, 16) - 1;
}

test.each(["{}", "{ } | count() > 0"])(
  "totals have exemplars, of spans that have the attribute: %s",
  async (filter) => {
    const { series } = await answer("compare({ status = error })", 2n * MINUTE, filter, 30);
    const byLabels = new Map(
      series.map(({ labels, exemplars }) => [
        labels.map(({ name, value }) => `${name}=${valueKey(value)}`).join(" "),
        exemplars,
      ]),
    );
    const failed = byLabels.get(`${type("selection_total")} span.http.route=nil`) ?? [];
    expect(failed.length).toBeGreaterThan(0);
    for (const { traceId, spanId, value } of failed) {
      const i = numberOf(spanId);
      expect([traceId, i % 10, value]).toEqual([traceIdOf(i), 0, 20]);
    }
    const levels = byLabels.get(`${type("baseline_total")} span.level=nil`) ?? [];
    expect(levels.length).toBeGreaterThan(0);
    for (const { spanId } of levels) expect(numberOf(spanId) % 3).toBe(0);
    const all = series.reduce((sum, { exemplars }) => sum + exemplars.length, 0);
    expect(all).toBeLessThanOrEqual(30);
    expect((await answer("compare({ status = error })", 2n * MINUTE, filter, 30)).series).toEqual(
      series,
    );
  },
);

test("an attribute with more values than anyone compares is said to have too many", async () => {
  const spans = Array.from({ length: 10_100 }, (_, i) => ({
    ...sample(1),
    tenant: "ids",
    trace: traceIdOf(i),
    span: spanIdOf(i),
    attributes: { "request.key": `r${i}`, "http.route": "/a" },
  }));
  await store.insert(spanBatch(spans, ARRIVED));
  const found = (await ask("compare({ status = error })", 2n * MINUTE, "{}", "ids")).filter(
    ([labels]) => labels.includes("span."),
  );
  expect(new Map(found)).toEqual(
    new Map([
      [`${type("baseline")} span.http.route=string:/a`, [10_100]],
      [`${type("baseline_total")} span.http.route=nil`, [10_100]],
      [
        `${type("baseline")} __meta_error=string:__too_many_values__ span.request.key=nil`,
        [10_100],
      ],
      [`${type("baseline_total")} span.request.key=nil`, [10_100]],
    ]),
  );
});

test("ranking is by the greatest difference of shares, absence included", () => {
  const of = (name: string, selection: number, baseline: number) => {
    const value = { type: "string", value: "x" } as const;
    const values = [{ value, selection, baseline }];
    return { name, selection, baseline, values, hasTooMany: false };
  };
  const ranked = rankAttributes(
    [of("same", 5, 50), of("rare", 9, 0), of("b", 10, 50), of("a", 10, 50)],
    { selection: 10, baseline: 100 },
  );
  expect(ranked.map(({ name }) => name)).toEqual(["rare", "a", "b", "same"]);
});
