// Search answers of the planner compared with the oracle's: generated traces in a real store, generated queries
// over them. CLEW_TRACEQL_RUNS stores (of 200 queries each) from CLEW_TRACEQL_SEED on make a long run.

import type { ResultTrace } from "@clew/model";
import { parse, type SpansQuery } from "@clew/traceql";
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
import { evaluate } from "./oracle-spansets.ts";
import { type OracleTrace, oracleTraces } from "./oracle-trace.ts";

const runs = Number(process.env["CLEW_TRACEQL_RUNS"] ?? 1);
const firstSeed = Number(process.env["CLEW_TRACEQL_SEED"] ?? 20_261_122);
const QUERIES = Number(process.env["CLEW_TRACEQL_QUERIES"] ?? 120);
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

type Answer = Readonly<Record<string, readonly string[]>>;

function expected(
  query: SpansQuery,
  traces: readonly OracleTrace[],
  range: (typeof ranges)[number],
): Answer {
  const found: Record<string, string[]> = {};
  for (const trace of traces) {
    const sets = evaluate(query.pipeline, trace);
    const inRange = sets.some(({ spans }) =>
      spans.some(({ start }) => start >= range.startNano && start < range.endNano),
    );
    if (!inRange) continue;
    found[trace.id] = sets
      .map(({ spans }) =>
        spans
          .map(({ spanId }) => spanId.slice(-6))
          .sort()
          .join(" "),
      )
      .sort();
  }
  return found;
}

function answered(traces: readonly ResultTrace[]): Answer {
  const found: Record<string, string[]> = {};
  for (const trace of traces)
    found[trace.traceId] = trace.spansets
      .map(({ spans }) =>
        spans
          .map(({ spanId }) => spanId.slice(-6))
          .sort()
          .join(" "),
      )
      .sort();
  return found;
}

async function ask(
  tenant: string,
  query: SpansQuery,
  range: (typeof ranges)[number],
): Promise<Answer> {
  const sort = query.at.end % 2 === 0 ? "newest" : "slowest";
  const asked = { tenant, range, query, sort, limit: 1000, spansPerSpanset: 1000 } as const;
  const { traces } = await reader.search(asked);
  for (const trace of traces)
    for (const { matched, spans } of trace.spansets) expect(matched).toBe(spans.length);
  return answered(traces);
}

for (let run = 0; run < runs; run++) {
  const seed = firstSeed + run;
  test(`the planner finds what the oracle finds (seed ${seed})`, async () => {
    const tenant = `oracle-${seed}`;
    const spans = fc.sample(arbitrarySpans(TRACES), { numRuns: 1, seed })[0] as JsonSpan[];
    await storeSpans(store, tenant, spans);
    const traces = oracleTraces(spans);
    const wrong: string[] = [];
    let found = 0;
    const queries = fc.sample(arbitrarySearch, { numRuns: QUERIES, seed });
    for (const [i, text] of queries.entries()) {
      const query = parse(text) as SpansQuery;
      const range = ranges[i % ranges.length] as (typeof ranges)[number];
      const right = expected(query, traces, range);
      found += Object.keys(right).length;
      const problem = await ask(tenant, query, range).then(
        (answer) => difference(right, answer),
        (error: unknown) => String(error),
      );
      if (problem !== undefined) wrong.push(`${text}\n    range ${i % ranges.length}: ${problem}`);
    }
    expect(wrong.join("\n")).toBe("");
    // Queries that find nothing would agree about everything.
    expect(found).toBeGreaterThan(QUERIES * 5);
  }, 60_000);
}

/** The first traces in which two answers differ. */
function difference(right: Answer, answer: Answer): string | undefined {
  const ids = [...new Set([...Object.keys(right), ...Object.keys(answer)])];
  const differ = ids.filter((id) => JSON.stringify(right[id]) !== JSON.stringify(answer[id]));
  if (differ.length === 0) return undefined;
  const shown = differ.slice(0, 2).map((id) => {
    const [a, b] = [right[id]?.join(" | "), answer[id]?.join(" | ")];
    return `trace ${id.slice(-4)}: expected ${a ?? "nothing"}, got ${b ?? "nothing"}`;
  });
  return `${differ.length} of ${Object.keys(right).length} traces: ${shown.join("; ")}`;
}
