import { spanKindNames, statusCodeNames } from "@clew/model";
import { parse } from "@clew/traceql";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Builder,
  type BuilderOperator,
  type Condition,
  emptyBuilder,
  fieldFunctions,
  type Measure,
  relations,
} from "./builder-model.ts";
import { printBuilder } from "./builder-print.ts";
import { readBuilder } from "./builder-read.ts";
import { attributeText, type Literal } from "./filter-text.ts";
import { fieldType, readField } from "./reference-text.ts";
import { durationText, queryOfFilter } from "./search-text.ts";

const key = fc.oneof(
  fc.constantFrom("http.route", "a key", "5xx", 'say "x"', "a+1", "back\\slash", "naïve.🧵"),
  fc
    .string({ minLength: 1, maxLength: 8, unit: "grapheme" })
    .filter((text) => !text.includes("\0")),
);
const attribute = fc
  .tuple(
    fc.constantFrom("any", "span", "resource", "event", "link", "instrumentation" as const),
    key,
    fc.constantFrom("", "", "parent", "root"),
  )
  .map(([scope, name, owner]) => attributeText(scope as "span", name, owner));

const literal: fc.Arbitrary<Literal> = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => ({ type: "string" as const, text })),
  fc.constantFrom('"', "\\", "a\nb", "\u0000", "\u007f", "// x", "nil").map((text) => ({
    type: "string" as const,
    text,
  })),
  fc
    .bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })
    .map((value) => ({ type: "int" as const, text: String(value) })),
  fc.boolean().map((value) => ({ type: "bool" as const, text: String(value) })),
  fc
    .integer({ min: 1, max: 2 ** 50 })
    .map((nano) => ({ type: "duration" as const, text: durationText(nano) })),
);

const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc
    .tuple(attribute, fc.constantFrom("=", "!=", ">", ">=", "<", "<=" as const), literal)
    .filter(([, operator, { type }]) => type !== "bool" || operator === "=" || operator === "!=")
    .map(([field, operator, value]) => ({ field, operator, value })),
  fc.tuple(attribute, fc.constantFrom<BuilderOperator[]>("=~", "!~")).map(
    ([field, operator]): Condition => ({
      field,
      operator,
      value: { type: "string", text: 'GET /[a-z"]+' },
    }),
  ),
  fc
    .tuple(attribute, fc.constantFrom<BuilderOperator[]>("exists", "missing"))
    .map(([field, operator]): Condition => ({ field, operator })),
  fc
    .constantFrom(...statusCodeNames)
    .map(
      (text): Condition => ({ field: "status", operator: "=", value: { type: "status", text } }),
    ),
  fc.constantFrom(...spanKindNames).map(
    (text): Condition => ({
      field: "kind",
      operator: "!=",
      value: { type: "kind", text },
    }),
  ),
  fc.integer({ min: 1, max: 2 ** 50 }).map(
    (nano): Condition => ({
      field: "duration",
      operator: ">",
      value: { type: "duration", text: durationText(nano) },
    }),
  ),
);

const conditions = fc.array(condition, { maxLength: 4 });
const by = fc.array(fc.oneof(attribute, fc.constantFrom("name", "resource.service.name")), {
  maxLength: 3,
});
const top = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
const withTop = <T extends object>(measure: T, count: number | undefined): T & { top?: number } =>
  count === undefined ? measure : { ...measure, top: count };
const measure: fc.Arbitrary<Measure> = fc.oneof(
  by.map((select): Measure => ({ kind: "traces", select })),
  fc
    .tuple(fc.constantFrom("rate", "count" as const), by, top)
    .map(([kind, fields, count]) => withTop({ kind: kind as "rate", by: fields }, count)),
  fc
    .tuple(fc.uniqueArray(fc.constantFrom(0.5, 0.95, 0.99, 0, 1), { minLength: 1 }), by, top)
    .map(([quantiles, fields, count]) =>
      withTop({ kind: "quantile" as const, of: "duration", quantiles, by: fields }, count),
    ),
  fc
    .tuple(fc.constantFrom(...fieldFunctions), attribute, by, top)
    .map(([kind, of, fields, count]) => withTop({ kind, of, by: fields }, count)),
  by.map((fields): Measure => ({ kind: "heat", of: "duration", by: fields })),
);
const builder: fc.Arbitrary<Builder> = fc
  .tuple(
    conditions,
    fc.option(fc.record({ relation: fc.constantFrom(...relations), spans: conditions }), {
      nil: undefined,
    }),
    measure,
  )
  .map(([spans, structure, what]) => ({
    spans,
    measure: what,
    ...(structure === undefined ? {} : { structure }),
  }));

describe("the builder", () => {
  it("comes back from its own text, whatever stands in it", () => {
    fc.assert(
      fc.property(builder, (one) => {
        expect(readBuilder(printBuilder(one))).toEqual({ builder: one });
      }),
      { numRuns: 500 },
    );
  });

  it("writes what a person would write", () => {
    expect(printBuilder(emptyBuilder)).toBe("{ }");
    expect(
      printBuilder({
        spans: [
          {
            field: "resource.service.name",
            operator: "=",
            value: { type: "string", text: "basket" },
          },
        ],
        structure: { relation: ">>", spans: [{ field: "span.sku", operator: "missing" }] },
        measure: { kind: "quantile", of: "duration", quantiles: [0.99], by: ["name"], top: 5 },
      }),
    ).toBe(
      '{ resource.service.name = "basket" } >> { span.sku = nil } | quantile_over_time(duration, 0.99) by(name) | topk(5)',
    );
  });

  it.each([
    ["{ .a = 1 || .b = 2 }", /alternatives/],
    ["{ .a = 1 } | by(name) | count() > 2", /groups/],
    ["{ .a } && { .b = 1 }", /joins/],
    ["{ .a = 1 } > { .b = 1 } > { .c = 1 }", /more than two/],
    ["!{ .a = 1 }", /lack/],
    ["{ .a = .b }", /two fields/],
    ["{ 1s < duration }", /begin with a field/],
    ["{ .a }", /without a comparison/],
    ["({ } | rate()) / ({ } | rate())", /several series/],
    ["{ } | rate() > 3", /filters series/],
    ["{ } | compare({ status = error })", /compare/],
    ["{ } with(exemplars=3)", /hints/],
    ["{ .a = ", /fault/],
    [`{ ${Array.from({ length: 25 }, (_, at) => `.a != ${at}`).join(" && ")} }`, /more than 24/],
  ])("says why it cannot show %s", (text, reason) => {
    expect(readBuilder(text)).toMatchObject({
      reason: expect.stringMatching(reason) as string,
    });
  });
});

describe("fields that a person types", () => {
  it("are references, with a scope or without", () => {
    expect(readField("http.route")?.text).toBe(".http.route");
    expect(readField(" span.http.route ")?.text).toBe("span.http.route");
    expect(readField("duration")).toMatchObject({ kind: "intrinsic" });
    expect(fieldType("duration")).toBe("duration");
    expect(fieldType("span.duration")).toBe("unknown");
  });

  it.each(["", "name, kind", "name) | { .a = 1", "a b", "name // x", '"', "{"])(
    "are refused when %j is no single field",
    (text) => expect(readField(text)).toBeUndefined(),
  );
});

it("a search is carried over into a query that parses, whatever stands in it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), key, fc.nat(), (value, name, nano) => {
      const text = queryOfFilter({
        service: value,
        operation: value,
        kind: "server",
        status: "error",
        minDurationNano: nano,
        attributes: [
          { scope: "span", key: name, operator: "=", value },
          { scope: "any", key: name, operator: "exists" },
        ],
      });
      const read = readBuilder(text);
      expect(read).toMatchObject({
        builder: {
          spans: [
            { value: { type: "string", text: value } },
            { value: { type: "string", text: value } },
            {},
            {},
            {},
            { field: attributeText("span", name) },
            { operator: "exists" },
          ],
        },
      });
    }),
  );
  expect(
    queryOfFilter({ attributes: [{ scope: "span", key: "a", operator: "regex", value: "b|c" }] }),
  ).toBe('{ span.a =~ ".*(?:b|c).*" }');
  expect(parse(queryOfFilter({ attributes: [] }))).toMatchObject({ kind: "spans" });
});
