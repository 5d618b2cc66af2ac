// Series of the planner compared with the oracle's, as in traceql-search.test.ts. Samples of value zero count
// like samples that are not there: the two differ only in which empty series they still list.

import type { MetricSeries, TypedValue } from "@clew/model";
import { type MetricsQuery, parse } from "@clew/traceql";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "../../engines/chdb.ts";
import { openTraceqlReader } from "../../planner/open-traceql-reader.ts";
import { type JsonSpan, storeSpans } from "../../planner/sample-store.ts";
import type { TraceqlReader } from "../../traceql-reader.ts";
import { openTestStore, type TestStore } from "../open-test-store.ts";
import { NOON, SECOND } from "../store-in-hand.ts";
import { arbitraryMetrics } from "./arbitrary-metrics.ts";
import { arbitrarySpans } from "./arbitrary-spans.ts";
import { compareSpans } from "./oracle-compare.ts";
import { evaluateMetrics, type OracleSeries } from "./oracle-metrics.ts";
import { oracleTraces } from "./oracle-trace.ts";

const runs = Number(process.env["CLEW_TRACEQL_RUNS"] ?? 1);
const firstSeed = Number(process.env["CLEW_TRACEQL_SEED"] ?? 20_261_122);
const QUERIES = Number(process.env["CLEW_TRACEQL_QUERIES"] ?? 80);
const TRACES = 60;
const steps = {
  startNano: NOON + 60n * SECOND,
  endNano: NOON + 660n * SECOND,
  stepNano: 60n * SECOND,
};

let store: TestStore;
let reader: TraceqlReader;
beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openTraceqlReader(store.engine);
});
afterAll(() => store.close());

/** Series by their labels, each time with its value. */
type Answer = Map<string, Map<number, number>>;

function expected(series: readonly OracleSeries[]): Answer {
  return withoutZeros(
    series.map(({ labels, samples }) => {
      const isCompare = labels[0]?.startsWith("__meta_type") === true;
      return [isCompare ? labels : labels.filter((label) => !label.endsWith("=nil")), samples];
    }),
  );
}

function answered(series: readonly MetricSeries[]): Answer {
  return withoutZeros(
    series.map(({ labels, samples }) => [
      labels.flatMap(({ name, value }) =>
        labelText(name, value, labels[0]?.name === "__meta_type"),
      ),
      new Map(samples.map(({ timeMs, value }) => [timeMs, value])),
    ]),
  );
}

/** Groups leave nil out; of compare() it is the name that counts. */
function labelText(name: string, value: TypedValue, keepsNil: boolean): string[] {
  if (name === "__name__" || (value.type === "nil" && !keepsNil)) return [];
  return [`${name}=${valueText(value)}`];
}

function valueText(value: TypedValue): string {
  if (value.type === "nil") return "nil";
  if (value.type === "array") return `array:[${value.value.map(valueText).join(",")}]`;
  return `${value.type}:${value.value}`;
}

function withoutZeros(
  series: readonly (readonly [readonly string[], ReadonlyMap<number, number>])[],
): Answer {
  const kept = series.map(
    ([labels, samples]) =>
      [
        labels.toSorted().join(", "),
        new Map([...samples].filter(([, value]) => value !== 0)),
      ] as const,
  );
  return new Map(kept.filter(([, samples]) => samples.size > 0));
}

async function ask(tenant: string, query: MetricsQuery): Promise<Answer> {
  const { startNano, endNano, stepNano } = steps;
  const range = { startNano, endNano };
  const { series } = await reader.metrics({
    tenant,
    range,
    query,
    stepNano,
    exemplars: 0,
    maxSeries: 10_000,
  });
  return answered(series);
}

for (let run = 0; run < runs; run++) {
  const seed = firstSeed + run;
  test(
    `the planner counts what the oracle counts (seed ${seed})`,
    async () => {
      const tenant = `oracle-${seed}`;
      const spans = fc.sample(arbitrarySpans(TRACES), { numRuns: 1, seed })[0] as JsonSpan[];
      await storeSpans(store, tenant, spans);
      const traces = oracleTraces(spans);
      const wrong: string[] = [];
      let samples = 0;
      for (const text of fc.sample(arbitraryMetrics, { numRuns: QUERIES, seed })) {
        const query = parse(text) as MetricsQuery;
        const right = expected(evaluateMetrics(query.expression, traces, steps) as OracleSeries[]);
        for (const values of right.values()) samples += values.size;
        // Which of equal series topk keeps is not the language's to say.
        const compareBy = /topk|bottomk/.test(text) ? valuesOnly : bySeries;
        const problem = await ask(tenant, query).then(
          (answer) => difference(compareBy(right), compareBy(answer)),
          (error: unknown) => `${String(error)} ${causeOf(error)}`,
        );
        if (problem !== undefined) wrong.push(`${text}\n    metrics: ${problem}`);
      }
      expect(wrong.join("\n")).toBe("");
      expect(samples).toBeGreaterThan(QUERIES * 5);
    },
    60_000 + QUERIES * 500,
  );
}

test("compare() counts what the oracle counts", async () => {
  const tenant = "oracle-compare";
  const spans = fc.sample(arbitrarySpans(TRACES), { numRuns: 1, seed: firstSeed })[0] as JsonSpan[];
  await storeSpans(store, tenant, spans);
  const traces = oracleTraces(spans);
  const pipelines = [
    '{ span.mix != "b" }',
    "{ kind = server } >> { }",
    "{ } | by(name) | count() > 1",
    "{ parent.status != error }",
  ];
  const selections = [
    "status = error",
    "span.flag",
    "duration > 1ms && kind != server",
    ".num > 1",
    ".shared = event.shared",
    "parent.duration > 1ms || root.span.user = nil",
  ];
  const all = pipelines.flatMap((pipeline) =>
    selections.map((selection) => `${pipeline} | compare({ ${selection} }, 1000)`),
  );
  // Each pipeline and each selection once or twice; all of them in a long run.
  for (const text of all.filter((_, i) => runs > 1 || i % 4 === 0)) {
    const query = parse(text) as MetricsQuery;
    const { expression } = query;
    if (expression.kind !== "series" || expression.function.kind !== "compare") continue;
    const series = compareSpans(expression.pipeline, expression.function, traces, steps);
    const right = bySeries(expected(series));
    const answer = bySeries(await ask(tenant, query));
    expect(difference(right, answer), text).toBeUndefined();
    expect(right.size).toBeGreaterThan(50);
  }
}, 60_000);

type Points = Map<string, number>;

function bySeries(answer: Answer): Points {
  const points: Points = new Map();
  for (const [labels, samples] of answer)
    for (const [time, value] of samples) points.set(`{${labels}} at ${time % 10_000_000}`, value);
  return points;
}

function valuesOnly(answer: Answer): Points {
  const times = Map.groupBy(
    [...answer.values()].flatMap((samples) => [...samples]),
    ([time]) => time,
  );
  const points: Points = new Map();
  for (const [time, all] of times) {
    const values = all.map(([, value]) => value).sort((a, b) => a - b);
    for (const [i, value] of values.entries()) points.set(`${time % 10_000_000} #${i}`, value);
  }
  return points;
}

function difference(right: Points, answer: Points): string | undefined {
  const keys = [...new Set([...right.keys(), ...answer.keys()])];
  const differ = keys.filter((key) => !isClose(right.get(key), answer.get(key)));
  if (differ.length === 0) return undefined;
  const shown = differ
    .slice(0, 3)
    .map((key) => `${key}: expected ${right.get(key)}, got ${answer.get(key)}`);
  return `${differ.length} of ${right.size} samples: ${shown.join("; ")}`;
}

/** Sums of doubles depend on their order in the last digits. */
function isClose(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return a === b || Math.abs(a ?? b ?? 0) < 1e-9;
  return Math.abs(a - b) <= 1e-9 * Math.max(1e-3, Math.abs(a), Math.abs(b));
}

function causeOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? error.cause.message : "";
}
