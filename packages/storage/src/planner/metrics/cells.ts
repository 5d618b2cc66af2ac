// Sums of the first stage, by group (the values of `by()`) and bucket: dense columns, one for each number that
// a function needs, so that partial results of several reads fold into one another.

import { ClewError } from "@clew/base";
import type { TypedValue } from "@clew/model";
import type { ReadContext } from "../../read/read-context.ts";
import { valueKey } from "./series.ts";

/** How two numbers of the same group and bucket become one; NaN is "none yet". */
export type Fold = "sum" | "min" | "max";

/** Numbers that one function of a query may hold: groups times buckets times columns. */
const MAX_CELLS = 4_000_000;
/** Each group is objects of its own, made one after another on the thread that answers all requests. */
export const MAX_GROUPS = 100_000;

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

  /** Pairs of a group and a bucket, beyond which an answer of the engine does not fit here. */
  get maxRows(): number {
    return Math.min(MAX_GROUPS * this.steps, Math.floor(MAX_CELLS / this.folds.length));
  }

  /** The group with these values. @throws ClewError `limit_exceeded` when there are too many. */
  group(values: readonly TypedValue[]): number {
    const key = JSON.stringify(values.map(valueKey));
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const group = this.groups.length;
    if (group === MAX_GROUPS) throw tooMany(`more than ${MAX_GROUPS} groups`);
    if ((group + 1) * this.steps * this.folds.length > MAX_CELLS)
      throw tooMany(`more than ${group} groups of ${this.steps} steps`);
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

/** A context whose queries end when they make so many groups, before the engine's memory is full of them. */
export function withGroups(context: ReadContext, maxGroups: number): ReadContext {
  return { ...context, limits: { ...context.limits, maxGroups } };
}

function tooMany(message: string): ClewError {
  return new ClewError("limit_exceeded", `the query makes ${message}`, {
    hint: "leave ids and other fields with many values out of by(), add a condition, or ask for a larger step",
  });
}

function folded(fold: Fold | undefined, a: number, b: number): number {
  if (fold === "min") return Math.min(a, b);
  return fold === "max" ? Math.max(a, b) : a + b;
}
