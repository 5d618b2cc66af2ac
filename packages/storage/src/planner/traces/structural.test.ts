import type { StructuralRelation } from "@clew/traceql";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DISCONNECTED, Kinship, ROOT } from "./kinship.ts";
import { type Rows, related, relatedBothWays, union, unrelated } from "./structural.ts";

interface Span {
  readonly id: number;
  /** 0 for none. */
  readonly parent: number;
}

function kinshipOf(spans: readonly Span[], before = 0): Kinship {
  const spanIds = new Uint32Array((spans.length + before) * 2);
  const parentIds = new Uint32Array((spans.length + before) * 2);
  for (const [row, { id, parent }] of spans.entries()) {
    // Half of the ids differ in the high word only.
    spanIds.set(id % 2 === 0 ? [id, 0] : [0, id], (row + before) * 2);
    parentIds.set(parent % 2 === 0 ? [parent, 0] : [0, parent], (row + before) * 2);
  }
  const kinship = new Kinship();
  kinship.read(spanIds, parentIds, before, before + spans.length);
  return kinship;
}

/** The definition: the first span with the id, unless following parents from here comes back here. */
function parentOf(spans: readonly Span[], row: number): number {
  const parent = spans[row]?.parent ?? 0;
  if (parent === 0) return ROOT;
  const at = spans.findIndex(({ id }) => id === parent);
  const isOnCircle = (): boolean => {
    let step = at;
    for (let i = 0; i <= spans.length; i++) {
      if (step === row) return true;
      const next = spans[step]?.parent ?? 0;
      step = next === 0 ? -1 : spans.findIndex(({ id }) => id === next);
      if (step < 0) return false;
    }
    return false;
  };
  return at < 0 || isOnCircle() ? DISCONNECTED : at;
}

function isRelated(relation: StructuralRelation, spans: readonly Span[], a: number, b: number) {
  const ancestors = (row: number): number[] => {
    const parent = parentOf(spans, row);
    return parent < 0 ? [] : [parent, ...ancestors(parent)];
  };
  switch (relation) {
    case ">":
      return parentOf(spans, b) === a;
    case "<":
      return parentOf(spans, a) === b;
    case ">>":
      return ancestors(b).includes(a);
    case "<<":
      return ancestors(a).includes(b);
    case "~":
      return (
        a !== b && parentOf(spans, a) === parentOf(spans, b) && parentOf(spans, a) !== DISCONNECTED
      );
  }
}

const RELATIONS = [">", ">>", "<", "<<", "~"] as const;

const trace = fc.array(
  fc.record({ id: fc.integer({ min: 1, max: 14 }), parent: fc.integer({ min: 0, max: 15 }) }),
  { minLength: 1, maxLength: 16 },
);

const question = trace.chain((spans) => {
  const rows = fc.subarray(spans.map((_, row) => row));
  return fc.record({ spans: fc.constant(spans), left: rows, right: rows });
});

test("parents are the first span with the id, whatever circles and doubles a sender makes", () => {
  fc.assert(
    fc.property(trace, fc.integer({ min: 0, max: 3 }), (spans, before) => {
      const kinship = kinshipOf(spans, before);
      const parents = [...kinship.parents.subarray(0, spans.length)];
      expect(parents).toEqual(spans.map((_, row) => parentOf(spans, row)));
      for (const row of spans.keys())
        expect(kinship.childCount(row)).toBe(parents.filter((parent) => parent === row).length);
    }),
  );
});

for (const relation of RELATIONS) {
  test(`${relation}, !${relation} and &${relation} give what their definition gives`, () => {
    fc.assert(
      fc.property(question, ({ spans, left, right }) => {
        const kinship = kinshipOf(spans);
        const some = right.filter((b) => left.some((a) => isRelated(relation, spans, a, b)));
        const others = left.filter((a) => right.some((b) => isRelated(relation, spans, a, b)));
        const none = right.filter((b) => !some.includes(b));
        expect(related(relation, left, right, kinship)).toEqual(some);
        expect(unrelated(relation, left, right, kinship)).toEqual(none);
        const both = [...new Set([...some, ...others])].sort((a, b) => a - b);
        expect(relatedBothWays(relation, left, right, kinship)).toEqual(both);
      }),
      { numRuns: 300 },
    );
  });
}

test("nested sets enclose exactly the descendants of what a root leads to", () => {
  fc.assert(
    fc.property(trace, (spans) => {
      const kinship = kinshipOf(spans);
      const rows = [...spans.keys()];
      const leads = (row: number): boolean => {
        const parent = parentOf(spans, row);
        return parent === ROOT || (parent >= 0 && leads(parent));
      };
      const connected = rows.filter(leads);
      const numbers = connected.flatMap((row) => [
        kinship.nestedSetLeft(row),
        kinship.nestedSetRight(row),
      ]);
      const sorted = numbers.toSorted((a, b) => a - b);
      expect(sorted).toEqual(Array.from({ length: connected.length * 2 }, (_, i) => i + 1));
      for (const a of rows) {
        if (!connected.includes(a)) expect(kinship.nestedSetLeft(a)).toBe(0);
        for (const b of connected) {
          const encloses =
            kinship.nestedSetLeft(a) < kinship.nestedSetLeft(b) &&
            kinship.nestedSetRight(b) < kinship.nestedSetRight(a);
          expect(encloses).toBe(connected.includes(a) && isRelated(">>", spans, a, b));
        }
      }
    }),
  );
});

test("a chain of 200,000 spans takes no longer than its length", () => {
  const spans = Array.from({ length: 200_000 }, (_, row) => ({ id: row + 1, parent: row }));
  const kinship = kinshipOf(spans);
  const all: Rows = spans.map((_, row) => row);
  for (const relation of [">", ">>"] as const) {
    expect(related(relation, all, all, kinship)).toHaveLength(199_999);
    expect(related(relation, all.slice(100_000), all, kinship)).toHaveLength(99_999);
    expect(relatedBothWays(relation, all, all, kinship)).toHaveLength(200_000);
  }
  expect(related("<<", all.slice(-1), all, kinship)).toHaveLength(199_999);
  expect(related("~", all, all, kinship)).toEqual([]);
  expect(kinship.nestedSetRight(0)).toBe(400_000);
});

test("a union has each row once, in order", () => {
  expect(union([1, 3, 5], [0, 3, 6])).toEqual([0, 1, 3, 5, 6]);
  expect(union([], [2])).toEqual([2]);
});
