// Counts of compare() for attributes of resources and scopes: spans are counted by the ids of theirs, and what
// the ids stand for is looked up afterwards.

import type { TypedValue } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { typedValue } from "../field-typed.ts";
import type { SideColumns, Sides } from "./compare-ranking.ts";
import { CONTENT_TRIPLES, type CompareScan, SCOPE_TRIPLES } from "./compare-sql.ts";
import { addSides, emptyColumns, sumsOf, type Tally } from "./compare-tally.ts";
import { stepSql } from "./scan-cells.ts";

type Counts = Map<bigint, SideColumns>;
type Triple = readonly [key: string, type: string, text: string];

/** The attributes of one resource or scope, by the references that stand for them. */
export type Content = readonly (readonly [name: string, value: TypedValue])[];

export class ContentCounts {
  readonly #steps: number;
  readonly #resources: Counts = new Map();
  readonly #scopes: Counts = new Map();
  readonly #all: SideColumns;

  constructor(steps: number) {
    this.#steps = steps;
    this.#all = emptyColumns(steps);
  }

  /** All spans. */
  get sides(): Sides {
    return sumsOf(this.#all);
  }

  /** Counts the spans of a scan. */
  async count(
    engine: Engine,
    scan: CompareScan,
    context: ReadContext,
    settings: Readonly<Record<string, number>> = {},
  ): Promise<void> {
    const parameters = new SqlParameters();
    const columns = `${stepSql(scan.steps, parameters)} AS at, resource_id, scope_id`;
    const rows = engine.readBinary(
      `SELECT at, resource_id, scope_id, toFloat64(countIf(is_selected)), toFloat64(countIf(NOT is_selected))
       FROM (${scan.spans(columns, parameters)}) GROUP BY at, resource_id, scope_id`,
      { ...context, parameters: parameters.values, settings },
    );
    await forEachRow(rows, (cursor) => {
      const step = cursor.uint32();
      const [resource, scope] = [cursor.uint64(), cursor.uint64()];
      const sides = { selection: cursor.float64(), baseline: cursor.float64() };
      addSides(this.#of(this.#resources, resource), step, sides);
      addSides(this.#of(this.#scopes, scope), step, sides);
      addSides(this.#all, step, sides);
    });
  }

  /** Looks up what was counted. */
  async tally(engine: Engine, tenant: string, into: Tally, context: ReadContext): Promise<void> {
    for (const [table, counts] of [
      ["resources", this.#resources],
      ["scopes", this.#scopes],
    ] as const) {
      const contents = await readContents(engine, tenant, table, [...counts.keys()], context);
      for (const [id, content] of contents) {
        const columns = counts.get(id);
        if (columns === undefined) continue;
        for (const [name, value] of content) into.addColumns(name, value, columns);
      }
    }
  }

  #of(counts: Counts, id: bigint): SideColumns {
    const known = counts.get(id);
    if (known !== undefined) return known;
    const fresh = emptyColumns(this.#steps);
    counts.set(id, fresh);
    return fresh;
  }
}

export async function readContents(
  engine: Engine,
  tenant: string,
  table: "resources" | "scopes",
  ids: readonly bigint[],
  context: ReadContext,
): Promise<ReadonlyMap<bigint, Content>> {
  const parameters = new SqlParameters();
  const triples = table === "scopes" ? SCOPE_TRIPLES : CONTENT_TRIPLES;
  const rows = await engine.readRows(
    `SELECT toString(id), any(${triples}) FROM ${table}
     WHERE tenant = ${parameters.text(tenant)} AND id IN ${parameters.uint64s(ids)}
     GROUP BY id`,
    { ...context, parameters: parameters.values },
  );
  const prefix = table === "scopes" ? "instrumentation" : "resource";
  return new Map(
    (rows as [string, readonly Triple[]][]).map(([id, found]) => [
      BigInt(id),
      found.map(([key, type, text]) => {
        const name = type === "column" ? key : `${prefix}.${key}`;
        return [name, typedValue(type === "column" ? "string" : type, text)];
      }),
    ]),
  );
}
