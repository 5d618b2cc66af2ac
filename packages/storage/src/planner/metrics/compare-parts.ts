// Counts of compare() for attributes that lie in the spans themselves: the most frequent values of the whole
// range first, then, where it has more than one bucket, those values by bucket.

import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { typedValue } from "../field-typed.ts";
import type { AttributeCounts, SideColumns, ValueCount } from "./compare-ranking.ts";
import { type CompareScan, LISTED_SETTINGS, type Part } from "./compare-sql.ts";
import { addSides, emptyColumns, MAX_VALUES, type Tally } from "./compare-tally.ts";
import { stepSql } from "./scan-cells.ts";
import { valueKey } from "./series.ts";

export async function readPart(
  engine: Engine,
  scan: CompareScan,
  part: Part,
  context: ReadContext,
): Promise<AttributeCounts[]> {
  const keyed = await readTop(engine, scan, part, context);
  const columns =
    scan.steps.count > 1 ? await readColumns(engine, scan, part, keyed, context) : undefined;
  return keyed.map(({ key, selection, baseline, values, hasTooMany }) => ({
    name: part.nameOf(key),
    selection,
    baseline,
    hasTooMany,
    columns: columns?.of(key),
    values: values.map((one) => ({ ...toCount(one), columns: columns?.of(key, one) })),
  }));
}

interface TextCount {
  readonly type: string;
  readonly text: string;
  readonly selection: number;
  readonly baseline: number;
}

interface KeyedCounts {
  readonly key: string;
  readonly selection: number;
  readonly baseline: number;
  readonly values: readonly TextCount[];
  readonly hasTooMany: boolean;
}

function toCount({ type, text, selection, baseline }: TextCount): ValueCount {
  return { value: typedValue(type, text), selection, baseline };
}

type TopValue = readonly [order: number, type: string, text: string, other: number];
type TopRow = readonly [
  key: string,
  selection: number,
  baseline: number,
  values: number,
  ofSelection: readonly TopValue[],
  ofBaseline: readonly TopValue[],
];

/** One row an attribute, with the most frequent values of either side. */
async function readTop(
  engine: Engine,
  scan: CompareScan,
  part: Part,
  context: ReadContext,
): Promise<KeyedCounts[]> {
  const parameters = new SqlParameters();
  // The engine takes the size of a list as a literal only; the checker has seen that it is 1..1000.
  const top = Math.trunc(scan.top);
  const rows = await engine.readRows(
    `SELECT key, sum(s), sum(b), toFloat64(count()),
       groupArraySortedIf(${top})((-s, type, value, b), s > 0),
       groupArraySortedIf(${top})((-b, type, value, s), b > 0)
     FROM (${part.counted(scan, parameters)}) GROUP BY key`,
    { ...context, parameters: parameters.values },
  );
  return (rows as unknown as TopRow[]).map(
    ([key, selection, baseline, values, ofSelection, ofBaseline]) => {
      const hasTooMany = values > MAX_VALUES;
      const found = hasTooMany
        ? []
        : [
            ...ofSelection.map(([order, type, text, other]) => {
              return { type, text, selection: -order, baseline: other };
            }),
            ...ofBaseline.map(([order, type, text, other]) => {
              return { type, text, selection: other, baseline: -order };
            }),
          ];
      return { key, selection, baseline, hasTooMany, values: distinct(found) };
    },
  );
}

function distinct(values: readonly TextCount[]): TextCount[] {
  return [...new Map(values.map((one) => [valueKey(toCount(one).value), one])).values()];
}

/** Counts by bucket, of shown values and of all values of a key. */
class KeyColumns {
  readonly #steps: number;
  readonly #columns = new Map<string, SideColumns>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  of(key: string, value?: { readonly type: string; readonly text: string }): SideColumns {
    const id = JSON.stringify([key, value?.type, value?.text]);
    const known = this.#columns.get(id);
    if (known !== undefined) return known;
    const fresh = emptyColumns(this.#steps);
    this.#columns.set(id, fresh);
    return fresh;
  }
}

/** The second scan: values that are not shown count for their attribute's total alone. */
async function readColumns(
  engine: Engine,
  scan: CompareScan,
  part: Part,
  keyed: readonly KeyedCounts[],
  context: ReadContext,
): Promise<KeyColumns> {
  const parameters = new SqlParameters();
  const shown = keyed.flatMap(({ key, values }) =>
    values.map(({ type, text }) => [key, type, text] as const),
  );
  const [keys, types, texts] = [0, 1, 2].map((i) =>
    parameters.texts(shown.map((one) => one[i] as string)),
  );
  const at = { name: "at", sql: stepSql(scan.steps, parameters) };
  const rows = engine.readBinary(
    `SELECT at, key, is_shown, if(is_shown = 1, type, '') AS shown_type,
       if(is_shown = 1, value, '') AS shown_value, sum(s), sum(b)
     FROM (
       SELECT at, key, type, value, s, b,
         toUInt8((key, type, value) IN (SELECT arrayJoin(arrayZip(${keys}, ${types}, ${texts})))) AS is_shown
       FROM (${part.counted(scan, parameters, at)}))
     GROUP BY at, key, is_shown, shown_type, shown_value`,
    { ...context, parameters: parameters.values },
  );
  const result = new KeyColumns(scan.steps.count);
  await forEachRow(rows, (cursor) => {
    const step = cursor.uint32();
    const key = cursor.text();
    const isShown = cursor.uint8() === 1;
    const [type, text] = [cursor.text(), cursor.text()];
    const sides = { selection: cursor.float64(), baseline: cursor.float64() };
    const all = isShown ? [result.of(key), result.of(key, { type, text })] : [result.of(key)];
    for (const one of all) addSides(one, step, sides);
  });
  return result;
}

/** All values by bucket, for scans of listed spans. */
export async function tallyPart(
  engine: Engine,
  scan: CompareScan,
  part: Part,
  into: Tally,
  context: ReadContext,
): Promise<void> {
  const parameters = new SqlParameters();
  const at = { name: "at", sql: stepSql(scan.steps, parameters) };
  const rows = engine.readBinary(
    `SELECT at, key, type, value, s, b FROM (${part.counted(scan, parameters, at)})`,
    { ...context, parameters: parameters.values, settings: LISTED_SETTINGS },
  );
  await forEachRow(rows, (cursor) => {
    const step = cursor.uint32();
    const name = part.nameOf(cursor.text());
    const type = cursor.text();
    const value = typedValue(type, cursor.text());
    into.add(name, value, step, { selection: cursor.float64(), baseline: cursor.float64() });
  });
}
