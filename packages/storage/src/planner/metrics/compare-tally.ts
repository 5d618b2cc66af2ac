// Counts of compare() added up here: by attribute, value, side and bucket.

import { ClewError } from "@clew/base";
import type { TypedValue } from "@clew/model";
import type { AttributeCounts, SideColumns, Sides, ValueCount } from "./compare-ranking.ts";
import { valueKey } from "./series.ts";

/** Past this many values an attribute is an id and explains nothing. */
export const MAX_VALUES = 10_000;
/** Numbers that are held: values times buckets. */
const MAX_CELLS = 8_000_000;

interface ValueColumns {
  readonly value: TypedValue;
  readonly columns: SideColumns;
}

interface Attribute {
  readonly columns: SideColumns;
  readonly values: Map<string, ValueColumns>;
  hasTooMany: boolean;
}

export class Tally {
  readonly #steps: number;
  readonly #attributes = new Map<string, Attribute>();
  #cells = 0;

  constructor(steps: number) {
    this.#steps = steps;
  }

  /** Spans of one bucket with a value. */
  add(name: string, value: TypedValue, step: number, spans: Sides): void {
    const attribute = this.#attribute(name);
    addSides(attribute.columns, step, spans);
    const columns = this.#columns(attribute, value);
    if (columns !== undefined) addSides(columns, step, spans);
  }

  /** Spans with a value, by bucket. */
  addColumns(name: string, value: TypedValue, spans: SideColumns): void {
    const attribute = this.#attribute(name);
    addColumns(attribute.columns, spans);
    const columns = this.#columns(attribute, value);
    if (columns !== undefined) addColumns(columns, spans);
  }

  attributes(): AttributeCounts[] {
    return [...this.#attributes].map(([name, { columns, values, hasTooMany }]) => {
      const counts: ValueCount[] = [...values.values()].map((one) => {
        return { ...one, ...sumsOf(one.columns) };
      });
      return { name, ...sumsOf(columns), columns, hasTooMany, values: counts };
    });
  }

  #attribute(name: string): Attribute {
    const known = this.#attributes.get(name);
    if (known !== undefined) return known;
    const fresh = { columns: this.#fresh(), values: new Map(), hasTooMany: false };
    this.#attributes.set(name, fresh);
    return fresh;
  }

  /** Undefined where the attribute has too many values to count any. */
  #columns(attribute: Attribute, value: TypedValue): SideColumns | undefined {
    if (attribute.hasTooMany) return undefined;
    const { values } = attribute;
    const key = valueKey(value);
    const known = values.get(key);
    if (known !== undefined) return known.columns;
    if (values.size === MAX_VALUES) {
      attribute.hasTooMany = true;
      this.#cells -= values.size * this.#steps;
      values.clear();
      return undefined;
    }
    const columns = this.#fresh();
    values.set(key, { value, columns });
    return columns;
  }

  #fresh(): SideColumns {
    this.#cells += this.#steps;
    if (this.#cells > MAX_CELLS) {
      throw new ClewError("limit_exceeded", "compare() finds too many values and steps", {
        hint: "ask for a larger step: one as long as the range is what compare() is made for",
      });
    }
    return emptyColumns(this.#steps);
  }
}

export function emptyColumns(steps: number): SideColumns {
  return { selection: new Float64Array(steps), baseline: new Float64Array(steps) };
}

export function addSides(into: SideColumns, step: number, { selection, baseline }: Sides): void {
  into.selection[step] = (into.selection[step] as number) + selection;
  into.baseline[step] = (into.baseline[step] as number) + baseline;
}

function addColumns(into: SideColumns, from: SideColumns): void {
  for (const [step, selection] of from.selection.entries())
    addSides(into, step, { selection, baseline: from.baseline[step] as number });
}

export function sumsOf({ selection, baseline }: SideColumns): Sides {
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  return { selection: sum(selection), baseline: sum(baseline) };
}
