// Sums of the first stage, by group (the values of `by()`) and bucket: dense columns, one for each number that
// a function needs, so that partial results of several reads fold into one another.

import { ClewError } from "@clew/base";
import type { TypedValue } from "@clew/model";
import { valueKey } from "./series.ts";

/** How two numbers of the same group and bucket become one; NaN is "none yet". */
export type Fold = "sum" | "min" | "max";

/** Groups times buckets that a query may hold. */
const MAX_CELLS = 4_000_000;

export class Cells {
  readonly folds: readonly Fold[];
  readonly steps: number;
  readonly groups: (readonly TypedValue[])[] = [];
  readonly #columns: Float64Array[][] = [];
  readonly #byKey = new Map<string, number>();

  constructor(folds: readonly Fold[], steps: number) {
    this.folds = folds;
    this.steps = steps;
  }

  /** The group with these values. @throws ClewError `limit_exceeded` when there are too many. */
  group(values: readonly TypedValue[]): number {
    const key = JSON.stringify(values.map(valueKey));
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const group = this.groups.length;
    if ((group + 1) * this.steps * this.folds.length > MAX_CELLS) {
      throw new ClewError("limit_exceeded", `more than ${group} groups of ${this.steps} steps`, {
        hint: "group by fewer or coarser attributes, or ask for a larger step",
      });
    }
    this.#byKey.set(key, group);
    this.groups.push(values);
    this.#columns.push(this.folds.map(() => new Float64Array(this.steps).fill(Number.NaN)));
    return group;
  }

  fold(group: number, column: number, step: number, value: number): void {
    if (Number.isNaN(value)) return;
    const cells = this.column(group, column);
    const before = cells[step] as number;
    cells[step] = Number.isNaN(before) ? value : folded(this.folds[column], before, value);
  }

  clear(group: number, column: number, step: number): void {
    this.column(group, column)[step] = Number.NaN;
  }

  /** One value a bucket; NaN where nothing was folded in. */
  column(group: number, column: number): Float64Array {
    return this.#columns[group]?.[column] as Float64Array;
  }
}

function folded(fold: Fold | undefined, a: number, b: number): number {
  if (fold === "min") return Math.min(a, b);
  return fold === "max" ? Math.max(a, b) : a + b;
}
