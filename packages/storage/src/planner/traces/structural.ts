// The structural operators of TraceQL over the spans of one trace. Each costs time linear in the trace.

import type { StructuralRelation } from "@clew/traceql";
import { type Kinship, ROOT } from "./kinship.ts";

/** Rows of one trace, ascending. */
export type Rows = readonly number[];

const INVERSE: Readonly<Record<StructuralRelation, StructuralRelation>> = {
  ">": "<",
  ">>": "<<",
  "<": ">",
  "<<": ">>",
  "~": "~",
};

/** Of `right`, the rows that stand in the relation to some row of `left`: the operator `left > right`. */
export function related(
  relation: StructuralRelation,
  left: Rows,
  right: Rows,
  kinship: Kinship,
): Rows {
  if (left.length === 0 || right.length === 0) return [];
  switch (relation) {
    case ">": {
      const isLeft = marked(left, kinship.length);
      return right.filter((row) => isLeft[kinship.parents[row] as number] === 1);
    }
    case ">>": {
      const below = belowAny(left, kinship);
      return right.filter((row) => below[row] === 1);
    }
    case "<": {
      const parents = new Uint8Array(kinship.length);
      for (const row of left) mark(parents, kinship.parents[row] as number);
      return right.filter((row) => parents[row] === 1);
    }
    case "<<": {
      const above = aboveAny(left, kinship);
      return right.filter((row) => above[row] === 1);
    }
    case "~":
      return siblings(left, right, kinship);
  }
}

/** Of `right`, the rows that do not stand in the relation to any row of `left`: `left !> right`. */
export function unrelated(
  relation: StructuralRelation,
  left: Rows,
  right: Rows,
  kinship: Kinship,
): Rows {
  const some = related(relation, left, right, kinship);
  if (some.length === 0) return right;
  const isRelated = marked(some, kinship.length);
  return right.filter((row) => isRelated[row] === 0);
}

/** The rows of both sides that stand in the relation to the other: `left &> right`. */
export function relatedBothWays(
  relation: StructuralRelation,
  left: Rows,
  right: Rows,
  kinship: Kinship,
): Rows {
  const ofRight = related(relation, left, right, kinship);
  return union(related(INVERSE[relation], right, left, kinship), ofRight);
}

/** Rows of either, each once. */
export function union(a: Rows, b: Rows): Rows {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const both: number[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const x = a[i] ?? Number.POSITIVE_INFINITY;
    const y = b[j] ?? Number.POSITIVE_INFINITY;
    both.push(Math.min(x, y));
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return both;
}

function marked(rows: Rows, length: number): Uint8Array {
  const marks = new Uint8Array(length);
  for (const row of rows) marks[row] = 1;
  return marks;
}

function mark(marks: Uint8Array, row: number): void {
  if (row >= 0) marks[row] = 1;
}

/** 1 for rows that have an ancestor in `rows`. */
function belowAny(rows: Rows, { parents, length }: Kinship): Uint8Array {
  const isMarked = marked(rows, length);
  const UNKNOWN = 2;
  const below = new Uint8Array(length).fill(UNKNOWN);
  const path: number[] = [];
  for (let row = 0; row < length; row++) {
    let at = row;
    while (at >= 0 && below[at] === UNKNOWN) {
      path.push(at);
      at = parents[at] as number;
    }
    for (let child = path.pop(); child !== undefined; child = path.pop()) {
      const parent = parents[child] as number;
      below[child] = parent >= 0 ? (isMarked[parent] as number) | (below[parent] as number) : 0;
    }
  }
  return below;
}

/** 1 for rows that have a descendant in `rows`. */
function aboveAny(rows: Rows, { parents, length }: Kinship): Uint8Array {
  const above = new Uint8Array(length);
  for (const row of rows) {
    for (let at = parents[row] as number; at >= 0 && above[at] === 0; at = parents[at] as number) {
      above[at] = 1;
    }
  }
  return above;
}

/** Roots are siblings of one another; a disconnected span is nobody's. */
function siblings(left: Rows, right: Rows, { parents, length }: Kinship): Rows {
  const groupOf = (row: number): number => {
    const parent = parents[row] as number;
    return parent === ROOT ? length : parent;
  };
  const isLeft = marked(left, length);
  const counts = new Uint32Array(length + 1);
  for (const row of left) {
    const group = groupOf(row);
    if (group >= 0) counts[group] = (counts[group] as number) + 1;
  }
  return right.filter((row) => {
    const group = groupOf(row);
    return group >= 0 && (counts[group] as number) > (isLeft[row] as number);
  });
}
