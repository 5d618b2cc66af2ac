// Exemplars of compare(): of either side some spans, each at the totals of the attributes that it has. Which ones
// is decided by a hash of their ids.

import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { SPAN_KEY } from "../traces/trace-columns.ts";
import { readContents } from "./compare-contents.ts";
import {
  type ChosenSpan,
  type CompareScan,
  chosenSpans,
  listedSpans,
  PARTS,
} from "./compare-sql.ts";
import { MAX_EXEMPLARS, onePerTrace, PER_BUCKET } from "./exemplars.ts";
import type { SeriesExemplar } from "./series.ts";
import { type Steps, stepAt } from "./steps.ts";

/** Spans of either side that are looked at. */
const MAX_CHOSEN = 1000;

type Side = "selection" | "baseline";

/** Exemplars by side and attribute. */
export type CompareExemplars = (side: Side, name: string) => readonly SeriesExemplar[];

export function chosenLimit(exemplars: number): number {
  return Math.min(exemplars, MAX_EXEMPLARS, MAX_CHOSEN);
}

/** Spans of a scan, by hash. */
export async function chooseSpans(
  engine: Engine,
  scan: CompareScan,
  exemplars: number,
  context: ReadContext,
): Promise<ChosenSpan[]> {
  if (exemplars === 0) return [];
  const parameters = new SqlParameters();
  const columns = `trace_id, span_id, toUnixTimestamp64Nano(start) AS nano, ${SPAN_KEY} AS span_key`;
  const rows = engine.readBinary(
    `SELECT lower(hex(trace_id)), lower(hex(span_id)), nano, span_key, is_selected
     FROM (${scan.spans(columns, parameters)})
     ORDER BY cityHash64(trace_id, span_id), trace_id, span_id
     LIMIT ${parameters.uint32(chosenLimit(exemplars))} BY is_selected`,
    { ...context, parameters: parameters.values },
  );
  const chosen: ChosenSpan[] = [];
  await forEachRow(rows, (cursor) => {
    const [traceId, spanId] = [cursor.text(), cursor.text()];
    const [startNano, key] = [cursor.int64(), cursor.uint64()];
    chosen.push({ key, traceId, spanId, startNano, isSelected: cursor.uint8() === 1 });
  });
  return chosen;
}

/** Finds out which attributes the spans have. */
export async function compareExemplars(
  engine: Engine,
  { tenant, steps, top }: Pick<CompareScan, "tenant" | "steps" | "top">,
  spans: readonly ChosenSpan[],
  context: ReadContext,
): Promise<CompareExemplars> {
  const chosen = onePerTrace(spans);
  if (chosen.length === 0) return () => [];
  const listed = listedSpans(tenant, chosenSpans(chosen));
  const scan: CompareScan = { tenant, steps, top, spans: listed };
  const names = await attributeNames(engine, scan, context);
  const found = new Map<string, SeriesExemplar[]>();
  for (const span of chosen) {
    const side = span.isSelected ? "selection" : "baseline";
    const exemplar = exemplarOf(span, steps);
    for (const name of names.get(idOf(span)) ?? []) {
      const key = `${side} ${name}`;
      const known = found.get(key) ?? [];
      const ofStep = known.filter(({ step }) => step === exemplar.step);
      if (ofStep.length < PER_BUCKET) known.push(exemplar);
      found.set(key, known);
    }
  }
  return (side, name) => found.get(`${side} ${name}`) ?? [];
}

function exemplarOf({ traceId, spanId, startNano }: ChosenSpan, steps: Steps): SeriesExemplar {
  const timeMs = Number(startNano / 1_000_000n);
  return { traceId, spanId, timeMs, step: stepAt(steps, startNano), value: Number.NaN };
}

function idOf({ traceId, spanId }: Pick<ChosenSpan, "traceId" | "spanId">): string {
  return `${traceId}${spanId}`;
}

/** Names of the attributes that each span has, by its ids. */
async function attributeNames(
  engine: Engine,
  scan: CompareScan,
  context: ReadContext,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>();
  const add = (id: string, found: readonly string[]): void => {
    names.set(id, [...(names.get(id) ?? []), ...found]);
  };
  for (const part of PARTS) {
    const parameters = new SqlParameters();
    const by = { name: "id", sql: "lower(hex(concat(trace_id, span_id)))" };
    const rows = await engine.readRows(
      `SELECT id, groupUniqArray(key) FROM (${part.counted(scan, parameters, by)}) GROUP BY id`,
      { ...context, parameters: parameters.values },
    );
    for (const [id, keys] of rows as [string, string[]][])
      add(
        id,
        keys.map((key) => part.nameOf(key)),
      );
  }
  const parameters = new SqlParameters();
  const columns = "trace_id, span_id, resource_id, scope_id";
  const rows = (await engine.readRows(
    `SELECT lower(hex(concat(trace_id, span_id))), toString(resource_id), toString(scope_id)
     FROM (${scan.spans(columns, parameters)})`,
    { ...context, parameters: parameters.values },
  )) as [string, string, string][];
  for (const [table, at] of [
    ["resources", 1],
    ["scopes", 2],
  ] as const) {
    const ids = [...new Set(rows.map((row) => BigInt(row[at])))];
    const contents = await readContents(engine, scan.tenant, table, ids, context);
    for (const row of rows)
      add(
        row[0],
        (contents.get(BigInt(row[at])) ?? []).map(([name]) => name),
      );
  }
  return names;
}
