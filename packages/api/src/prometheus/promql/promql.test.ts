// PromQL's parser under any text, its precedence, and the buckets that quantiles are made of.

import { ClewError } from "@clew/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boundOf, cumulative, fineBounds, widths } from "../buckets.ts";
import { matches } from "../matchers.ts";
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
        const fine = cumulative(entries, fineBounds([entries]));
        const total = [...entries.values()].reduce((sum, weight) => sum + weight, 0);
        expect(fine.at(-1)).toBeCloseTo(total, 6);
      }),
    );
  });

  test("as fine as the store's give the median's own bucket", () => {
    fc.assert(
      fc.property(histogram, (entries) => {
        const bounds = fineBounds([entries]);
        const total = [...entries.values()].reduce((sum, weight) => sum + weight, 0);
        const below = cumulative(entries, bounds);
        const series = [...bounds, { le: "+Inf" }].map(({ le }, i) => ({
          labels: { le },
          values: [below[i] ?? total],
        }));
        const [median] = histogramQuantile([0.5], series);
        let before = 0;
        const bucket = [...entries]
          .toSorted(([a], [b]) => a - b)
          .find(([, weight]) => {
            before += weight;
            return before >= total * 0.5 - 1e-9;
          })?.[0];
        const nano = (median?.values[0] ?? NaN) * 1e9;
        expect(nano).toBeGreaterThanOrEqual((bucket === 0 ? 0 : 2 ** ((bucket ?? 0) / 16)) * 0.999);
        expect(nano).toBeLessThanOrEqual(2 ** (((bucket ?? 0) + 1) / 16) * 1.001);
      }),
    );
  });

  test("joined to wider ones still hold everything", () => {
    fc.assert(
      fc.property(histogram, fc.constantFrom(...widths), (entries, width) => {
        const counts = cumulative(entries, fineBounds([entries], width));
        const total = [...entries.values()].reduce((sum, weight) => sum + weight, 0);
        expect(counts.at(-1)).toBeCloseTo(total, 6);
        expect(counts.length).toBeLessThanOrEqual(2 * entries.size);
      }),
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
