// Counts of compare() for attributes of resources and scopes: spans are counted by the ids of theirs, and what
// the ids stand for is looked up afterwards.

import type { TypedValue } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { typedValue } from "../field-typed.ts";
import { MAX_VALUES } from "./compare-parts.ts";
import type { AttributeCounts, SideColumns, Sides, ValueCount } from "./compare-ranking.ts";
import { CONTENT_TRIPLES, type CompareScan, comparedSpans } from "./compare-sql.ts";
import { stepSql } from "./scan-cells.ts";
import { valueKey } from "./series.ts";

interface Contents {
  readonly attributes: readonly AttributeCounts[];
  /** All spans. */
  readonly sides: Sides;
}

type Counts = Map<bigint, SideColumns>;

export async function readContents(
  engine: Engine,
  scan: CompareScan,
  context: ReadContext,
): Promise<Contents> {
  const parameters = new SqlParameters();
  const { steps, tenant } = scan;
  const columns = `${stepSql(steps, parameters)} AS at, resource_id, scope_id`;
  const rows = engine.readBinary(
    `SELECT at, resource_id, scope_id, toFloat64(countIf(is_selected)), toFloat64(countIf(NOT is_selected))
     FROM (${comparedSpans(scan, columns, parameters)}) GROUP BY at, resource_id, scope_id`,
    { ...context, parameters: parameters.values },
  );
  const resources: Counts = new Map();
  const scopes: Counts = new Map();
  const all = emptyColumns(steps.count);
  await forEachRow(rows, (cursor) => {
    const step = cursor.uint32();
    const [resource, scope] = [cursor.uint64(), cursor.uint64()];
    const [selection, baseline] = [cursor.float64(), cursor.float64()];
    for (const target of [
      columnsOf(resources, resource, steps.count),
      columnsOf(scopes, scope, steps.count),
      all,
    ]) {
      target.selection[step] = (target.selection[step] as number) + selection;
      target.baseline[step] = (target.baseline[step] as number) + baseline;
    }
  });
  const tally = new Tally(steps.count);
  await tally.addAll(engine, tenant, "resources", "resource", resources, context);
  await tally.addAll(engine, tenant, "scopes", "instrumentation", scopes, context);
  return { attributes: tally.attributes(), sides: sumsOf(all) };
}

function columnsOf(counts: Counts, id: bigint, steps: number): SideColumns {
  const known = counts.get(id);
  if (known !== undefined) return known;
  const fresh = emptyColumns(steps);
  counts.set(id, fresh);
  return fresh;
}

function emptyColumns(steps: number): SideColumns {
  return { selection: new Float64Array(steps), baseline: new Float64Array(steps) };
}

function addColumns(into: SideColumns, from: SideColumns): void {
  for (const side of ["selection", "baseline"] as const) {
    for (const [step, value] of from[side].entries()) {
      into[side][step] = (into[side][step] as number) + value;
    }
  }
}

function sumsOf({ selection, baseline }: SideColumns): Sides {
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  return { selection: sum(selection), baseline: sum(baseline) };
}

type Triple = readonly [key: string, type: string, text: string];
interface ValueColumns {
  readonly value: TypedValue;
  readonly columns: SideColumns;
}

/** Adds up values that several resources or scopes have. */
class Tally {
  readonly #steps: number;
  readonly #attributes = new Map<string, Map<string, ValueColumns>>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  async addAll(
    engine: Engine,
    tenant: string,
    table: "resources" | "scopes",
    scope: string,
    counts: Counts,
    context: ReadContext,
  ): Promise<void> {
    const parameters = new SqlParameters();
    const rows = await engine.readRows(
      `SELECT toString(id), any(${CONTENT_TRIPLES}) FROM ${table}
       WHERE tenant = ${parameters.text(tenant)} AND id IN ${parameters.uint64s([...counts.keys()])}
       GROUP BY id`,
      { ...context, parameters: parameters.values },
    );
    for (const [id, triples] of rows as [string, readonly Triple[]][]) {
      const columns = counts.get(BigInt(id));
      if (columns === undefined) continue;
      for (const [key, type, text] of triples)
        this.#add(`${scope}.${key}`, typedValue(type, text), columns);
    }
  }

  attributes(): AttributeCounts[] {
    return [...this.#attributes].map(([name, byKey]) => {
      const columns = emptyColumns(this.#steps);
      for (const one of byKey.values()) addColumns(columns, one.columns);
      const hasTooMany = byKey.size > MAX_VALUES;
      const values: ValueCount[] = [...byKey.values()].map((one) => {
        return { ...one, ...sumsOf(one.columns) };
      });
      return { name, ...sumsOf(columns), columns, hasTooMany, values: hasTooMany ? [] : values };
    });
  }

  #add(name: string, value: TypedValue, columns: SideColumns): void {
    const values = this.#attributes.get(name) ?? new Map<string, ValueColumns>();
    this.#attributes.set(name, values);
    const known = values.get(valueKey(value));
    if (known !== undefined) return addColumns(known.columns, columns);
    const own = emptyColumns(this.#steps);
    addColumns(own, columns);
    values.set(valueKey(value), { value, columns: own });
  }
}
