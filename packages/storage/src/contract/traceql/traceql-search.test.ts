// Search answers of the planner compared with the oracle's: generated traces in a real store, generated queries
// over them. For a long run: CLEW_TRACEQL_RUNS stores, CLEW_TRACEQL_QUERIES queries each, seeds from CLEW_TRACEQL_SEED.

import type { ResultTrace, TypedValue } from "@clew/model";
import { parse, references, type SpansQuery } from "@clew/traceql";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openChdbEngine } from "../../engines/chdb.ts";
import { openTraceqlReader } from "../../planner/open-traceql-reader.ts";
import { type JsonSpan, storeSpans } from "../../planner/sample-store.ts";
import type { TraceqlReader } from "../../traceql-reader.ts";
import { openTestStore, type TestStore } from "../open-test-store.ts";
import { NOON, SECOND } from "../store-in-hand.ts";
import { arbitrarySearch } from "./arbitrary-search.ts";
import { arbitrarySpans } from "./arbitrary-spans.ts";
import { valueOf } from "./oracle-fields.ts";
import { evaluate } from "./oracle-spansets.ts";
import { type OracleTrace, oracleTraces, type Value } from "./oracle-trace.ts";

const runs = Number(process.env["CLEW_TRACEQL_RUNS"] ?? 1);
const firstSeed = Number(process.env["CLEW_TRACEQL_SEED"] ?? 20_261_122);
const QUERIES = Number(process.env["CLEW_TRACEQL_QUERIES"] ?? 80);
const TRACES = 60;
const ranges = [
  { startNano: NOON - 3600n * SECOND, endNano: NOON + 7200n * SECOND },
  { startNano: NOON + 95n * SECOND, endNano: NOON + 305n * SECOND },
] as const;

let store: TestStore;
let reader: TraceqlReader;
beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openTraceqlReader(store.engine);
});
afterAll(() => store.close());

/** Spans of each set by trace id, the traces in their order. */
type Answer = Readonly<Record<string, readonly string[]>>;
type Range = (typeof ranges)[number];
type Sort = "newest" | "slowest";

function expected(
  query: SpansQuery,
  traces: readonly OracleTrace[],
  range: Range,
  sort: Sort,
): Answer {
  const found = traces.flatMap((trace) => {
    const sets = evaluate(query.pipeline, trace);
    const ranks = sets
      .flatMap(({ spans }) => spans)
      .filter(({ start }) => start >= range.startNano && start < range.endNano)
      .map(({ start, duration }) => (sort === "newest" ? start : duration));
    if (ranks.length === 0) return [];
    const rank = ranks.reduce((a, b) => (a > b ? a : b));
    return [{ id: trace.id, rank, sets }];
  });
  // Ids of generated traces rise with their numbers.
  found.sort((a, b) => (a.rank === b.rank ? (a.id < b.id ? 1 : -1) : a.rank < b.rank ? 1 : -1));
  const shown = found.map(({ id, sets }) => [id, sets.map((set) => describeSet(set)).sort()]);
  return Object.fromEntries(shown) as Answer;
}

function answered(traces: readonly ResultTrace[]): Answer {
  const found: Record<string, string[]> = {};
  for (const { traceId, spansets } of traces)
    found[traceId] = spansets.map((set) => describeSet(set)).sort();
  return found;
}

interface AnySet {
  readonly spans: readonly { readonly spanId: string }[];
  readonly values: readonly { readonly name: string; readonly value: Value | TypedValue }[];
}

/** Ids of the spans, and what by() and count() found. */
function describeSet({ spans, values }: AnySet): string {
  const ids = spans.map(({ spanId }) => spanId.slice(-6)).sort();
  // Of several counts the last one stands.
  const found = new Map(values.map(({ name, value }) => [name.replace("()", ""), value]));
  const shown = [...found]
    .filter(([name]) => /^by\(|^count$/.test(name))
    .map(([name, value]) => `${name}=${valueText(value)}`);
  return [...ids, ...shown.sort()].join(" ");
}

function valueText(value: Value | TypedValue): string {
  if (value === undefined || value.type === "nil") return "nil";
  if (value.type === "array") return `[${value.value.map(valueText).join()}]`;
  return `${value.type}:${value.value}`;
}

async function ask(
  tenant: string,
  query: SpansQuery,
  range: Range,
  sort: Sort,
  limit: number,
): Promise<ResultTrace[]> {
  const traces: ResultTrace[] = [];
  let cursor: string | undefined;
  do {
    const from = cursor === undefined ? {} : { cursor };
    const asked = { tenant, range, query, sort, limit, spansPerSpanset: 1000, ...from };
    const page = await reader.search(asked);
    traces.push(...page.traces);
    cursor = page.nextCursor;
    if (traces.length > TRACES) throw new Error("pages repeat traces");
  } while (cursor !== undefined);
  for (const trace of traces)
    for (const { matched, spans } of trace.spansets) expect(matched).toBe(spans.length);
  return traces;
}

for (let run = 0; run < runs; run++) {
  const seed = firstSeed + run;
  test(
    `the planner finds what the oracle finds (seed ${seed})`,
    async () => {
      const tenant = `oracle-${seed}`;
      const spans = fc.sample(arbitrarySpans(TRACES), { numRuns: 1, seed })[0] as JsonSpan[];
      await storeSpans(store, tenant, spans);
      const traces = oracleTraces(spans);
      const wrong: string[] = [];
      let found = 0;
      const queries = fc.sample(arbitrarySearch, { numRuns: QUERIES, seed });
      for (const [i, text] of queries.entries()) {
        const query = parse(text) as SpansQuery;
        const range = ranges[i % ranges.length] as Range;
        const sort = i % 3 === 0 ? "slowest" : "newest";
        const right = expected(query, traces, range, sort);
        found += Object.keys(right).length;
        const problem = await ask(tenant, query, range, sort, i % 5 === 0 ? 7 : 1000).then(
          (answer) => difference(right, answered(answer)) ?? wrongValue(query, answer, traces),
          (error: unknown) => String(error),
        );
        if (problem !== undefined)
          wrong.push(`${text}\n    range ${i % ranges.length}: ${problem}`);
      }
      expect(wrong.join("\n")).toBe("");
      // Queries that find nothing would agree about everything.
      expect(found).toBeGreaterThan(QUERIES * 5);
    },
    60_000 + QUERIES * 500,
  );
}

/** The first traces in which two answers differ. */
function difference(right: Answer, answer: Answer): string | undefined {
  const ids = [...new Set([...Object.keys(right), ...Object.keys(answer)])];
  const differ = ids.filter((id) => JSON.stringify(right[id]) !== JSON.stringify(answer[id]));
  const [order, got] = [Object.keys(right), Object.keys(answer)].map((all) =>
    all.map((id) => id.slice(-2)).join(" "),
  );
  if (differ.length === 0)
    return order === got ? undefined : `order: expected ${order}, got ${got}`;
  const shown = differ.slice(0, 2).map((id) => {
    const [a, b] = [right[id]?.join(" | "), answer[id]?.join(" | ")];
    return `trace ${id.slice(-4)}: expected ${a ?? "nothing"}, got ${b ?? "nothing"}`;
  });
  return `${differ.length} of ${Object.keys(right).length} traces: ${shown.join("; ")}`;
}

/** The first span that is shown with other values of the query's fields than the oracle's. */
function wrongValue(
  query: SpansQuery,
  found: readonly ResultTrace[],
  traces: readonly OracleTrace[],
): string | undefined {
  // Of several events one is shown.
  const fields = references(query).filter(
    (field) => !/event|link|\.(shared|key|other)$/.test(field.text),
  );
  const names = new Set(fields.map(({ text }) => text));
  for (const { traceId, spansets } of found) {
    const trace = traces.find(({ id }) => id === traceId);
    for (const shown of spansets.flatMap(({ spans }) => spans)) {
      const twins = trace?.spans.filter(({ spanId }) => spanId === shown.spanId) ?? [];
      const [span] = twins;
      if (span === undefined || twins.length > 1) continue;
      const right = fields
        .map((field) => `${field.text}=${valueText(valueOf(field, span))}`)
        .filter((text) => !text.endsWith("=nil"))
        .join(" ");
      const got = shown.values
        .filter(({ name }) => names.has(name))
        .map(({ name, value }) => `${name}=${valueText(value)}`)
        .join(" ");
      if (right !== got) return `values of ${shown.spanId}: expected ${right}, got ${got}`;
    }
  }
  return undefined;
}
