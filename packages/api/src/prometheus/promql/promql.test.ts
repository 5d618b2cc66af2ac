// PromQL's parser under any text, its precedence, and the buckets that quantiles are made of.

import { ClewError } from "@clew/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundOf, cumulative } from "../buckets.ts";
import { matches } from "../matchers.ts";
import { windowQuantiles } from "../window-quantiles.ts";
import type { Expression } from "./ast.ts";
import { parsePromql } from "./parser.ts";
import { histogramQuantile } from "./quantile.ts";

/** The tree in brackets, names and numbers as they are. */
function shape(expression: Expression): string {
  switch (expression.kind) {
    case "number":
      return String(expression.value);
    case "selector":
      return expression.matchers[0]?.value ?? "";
    case "negation":
      return `(-${shape(expression.operand)})`;
    case "binary":
      return `(${shape(expression.left)}${expression.operator}${shape(expression.right)})`;
    default:
      return expression.kind;
  }
}

test.each([
  ["a or b and c", "(aor(bandc))"],
  ["a + b * c > 1", "((a+(b*c))>1)"],
  ["a - b - c", "((a-b)-c)"],
  ["2 ^ 3 ^ 2", "(2^(3^2))"],
  ["-a ^ 2", "(-(a^2))"],
  ["2 ^ -1", "(2^(-1))"],
  ["-a * b", "((-a)*b)"],
  ["(a + b) * c # sum first", "((a+b)*c)"],
  ["A OR B", "(AorB)"],
  ["0x1F + 1_000 + .5e1", "((31+1000)+5)"],
])("%s is %s", (text, expected) => {
  expect(shape(parsePromql(text))).toBe(expected);
});

test("durations and strings are read as Go writes them", () => {
  expect(parsePromql("a{b='\\u00e9\\x41\\n', c=`\\d`}[1h30m] offset -5m")).toMatchObject({
    kind: "selector",
    rangeMs: 5_400_000,
    offsetMs: -300_000,
    matchers: [{ value: "a" }, { value: "éA\n" }, { value: "\\d" }],
  });
});

test("no text makes the parser fail but with a place, or hang", () => {
  const word = fc.constantFrom(
    ..."sum rate a b by without ( ) { } [ ] , + - * / ^ == =~ != \"x\" '\\' 5m 1.5 offset @ on bool or topk NaN :".split(
      " ",
    ),
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(word, { maxLength: 40 }).map((all) => all.join(" ")),
  );
  fc.assert(
    fc.property(text, (query) => {
      try {
        parsePromql(query);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ClewError);
        expect((thrown as ClewError).message).toMatch(/^\d+:\d+: parse error: /);
      }
    }),
    { numRuns: 2000 },
  );
});

test("a pattern matches as a regular expression would", () => {
  const part = fc.constantFrom("a", "b", "_", ".", ".*", ".+", "|", "\\.");
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 8 }),
      fc.string({ unit: fc.constantFrom("a", "b", "_", "."), maxLength: 8 }),
      (parts, value) => {
        const pattern = parts.join("");
        const matcher = { at: 0, label: "x", operator: "=~", value: pattern } as const;
        expect(matches(matcher, value)).toBe(new RegExp(`^(?:${pattern})$`).test(value));
      },
    ),
  );
});

describe("buckets", () => {
  const histogram = fc
    .array(
      fc.tuple(fc.integer({ min: 0, max: 600 }), fc.double({ min: 0.5, max: 9, noNaN: true })),
      {
        minLength: 1,
        maxLength: 20,
      },
    )
    .map((entries) => new Map(entries));

  test("rise with their bounds and hold everything at the end", () => {
    const bounds = [0.002, 0.1, 1, 60].map(boundOf);
    fc.assert(
      fc.property(histogram, (entries) => {
        const counts = cumulative(entries, bounds);
        counts.reduce((before, count) => {
          expect(count).toBeGreaterThanOrEqual(before - 1e-9);
          return count;
        }, 0);
        const all = cumulative(entries, [boundOf(1e6)]);
        const total = [...entries.values()].reduce((sum, weight) => sum + weight, 0);
        expect(all[0]).toBeCloseTo(total, 6);
      }),
    );
  });

  test("of a window give the quantile that its spans have, in the bucket that it lies in", () => {
    const window = fc.record({ skip: fc.nat(3), width: fc.integer({ min: 1, max: 6 }) });
    const share = fc.constantFrom(0, 0.1, 0.5, 0.9, 1);
    fc.assert(
      fc.property(
        fc.array(histogram, { maxLength: 12 }),
        fc.array(window),
        share,
        (bins, moves, q) => {
          let from = 0;
          let to = 0;
          const spans = moves.map(({ skip, width }) => {
            from += skip;
            to = Math.max(to, from + width);
            return { from, to };
          });
          const found = windowQuantiles(
            bins,
            { spans },
            spans.map(() => q),
          );
          found.forEach((seconds, step) => {
            const inside = bins
              .slice(spans[step]?.from, spans[step]?.to)
              .flatMap((bin) => [...bin]);
            const sorted = inside.toSorted(([a], [b]) => a - b);
            const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
            if (sorted.length === 0) return expect(seconds).toBeNaN();
            // A rank at the border of two buckets may be taken for either's, by rounding.
            const within = (slack: number): number => {
              let before = 0;
              const at = sorted.find(([, weight]) => (before += weight) >= q * total + slack);
              return (at ?? sorted.at(-1) ?? [0])[0];
            };
            const least = within(-1e-4);
            expect(seconds * 1e9).toBeGreaterThanOrEqual(
              least === 0 ? 0 : 2 ** (least / 16) * 0.999,
            );
            expect(seconds * 1e9).toBeLessThanOrEqual(2 ** ((within(1e-4) + 1) / 16) * 1.001);
          });
        },
      ),
    );
  });

  test("without spans have no quantile", () => {
    const series = [
      { labels: { le: "1" }, values: [0] },
      { labels: { le: "+Inf" }, values: [0] },
    ];
    expect(histogramQuantile([0.5], series)).toEqual([{ labels: {}, values: [NaN] }]);
  });
});
