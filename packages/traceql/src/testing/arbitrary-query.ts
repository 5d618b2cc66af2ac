// Generated syntax trees over the whole language, as the parser would make them. Places are all the same and
// references have no text of their own: neither is part of what a query means.

import { spanKindNames, statusCodeNames } from "@clew/model";
import fc from "fast-check";
import type {
  Aggregate,
  FieldExpression,
  FieldReference,
  MetricsExpression,
  Pipeline,
  Query,
  ScalarExpression,
  SecondStage,
  SpansetExpression,
  SpansetFilter,
  Stage,
  Static,
} from "../ast.ts";
import { aggregateFunctions, intrinsicNames, rangeFunctions } from "../vocabulary.ts";

const at = { start: 0, end: 0 };
const owner = fc.constantFrom("self", "self", "self", "parent", "root");

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 6 }),
  fc.constantFrom('"', "\\", "`", "\n", "\u0000", "'", "🧵", "//", "/* */"),
);
const name = fc.oneof(
  fc.constantFrom("http.route", "a+1", "5xx", "name", "duration", "span.x", "parent", "span:id"),
  text.filter((value) => value !== ""),
);

const attribute: fc.Arbitrary<FieldReference> = fc.record({
  kind: fc.constant("attribute"),
  owner,
  scope: fc.constantFrom("any", "span", "resource", "event", "link", "instrumentation"),
  name,
  text: fc.constant(""),
  at: fc.constant(at),
});
const intrinsic: fc.Arbitrary<FieldReference> = fc.record({
  kind: fc.constant("intrinsic"),
  owner,
  name: fc.constantFrom(...intrinsicNames),
  text: fc.constant(""),
  at: fc.constant(at),
});
const numericIntrinsic: fc.Arbitrary<FieldReference> = fc.record({
  kind: fc.constant("intrinsic"),
  owner,
  name: fc.constantFrom("span:duration", "nestedSetLeft", "trace:duration", "span:childCount"),
  text: fc.constant(""),
  at: fc.constant(at),
});

function literal(type: "int" | "duration"): fc.Arbitrary<Static> {
  const value = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -99n, max: 99n }),
  );
  return fc.record({
    kind: fc.constant("static"),
    type: fc.constant(type),
    value,
    at: fc.constant(at),
  });
}
const float: fc.Arbitrary<Static> = fc.record({
  kind: fc.constant("static"),
  type: fc.constant("float"),
  value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  at: fc.constant(at),
});
const number = fc.oneof(literal("int"), literal("duration"), float);
const string: fc.Arbitrary<Static> = text.map((value) => ({
  kind: "static",
  type: "string",
  value,
  at,
}));
const bool: fc.Arbitrary<Static> = fc
  .boolean()
  .map((value) => ({ kind: "static", type: "bool", value, at }));

function binary(
  left: fc.Arbitrary<FieldExpression>,
  operators: readonly string[],
  right: fc.Arbitrary<FieldExpression>,
): fc.Arbitrary<FieldExpression> {
  return fc
    .tuple(left, fc.constantFrom(...operators), right)
    .map(
      ([a, operator, b]) =>
        ({ kind: "binary", operator, left: a, right: b, at }) as FieldExpression,
    );
}

const equality = ["=", "!="];
const order = [...equality, "<", "<=", ">", ">="];
const arithmetic = ["+", "-", "*", "/", "%", "^"];

const { condition } = fc.letrec<{ numeric: FieldExpression; condition: FieldExpression }>(
  (tie) => ({
    numeric: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      number,
      attribute,
      numericIntrinsic,
      binary(tie("numeric"), arithmetic, tie("numeric")),
      tie("numeric")
        .filter((operand) => operand.kind !== "static")
        .map((operand) => ({ kind: "unary", operator: "-", operand, at }) as const),
    ),
    condition: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      bool,
      attribute,
      binary(tie("numeric"), order, tie("numeric")),
      binary(attribute, order, string),
      binary(
        attribute,
        ["=~", "!~"],
        fc.constant({ kind: "static", type: "string", value: "a.*", at }),
      ),
      binary(attribute, ["!="], fc.constant({ kind: "static", type: "nil", at })),
      binary(
        fc.record({
          kind: fc.constant("intrinsic"),
          owner,
          name: fc.constant("span:status"),
          text: fc.constant(""),
          at: fc.constant(at),
        }),
        equality,
        fc
          .constantFrom(...statusCodeNames)
          .map((value) => ({ kind: "static", type: "status", value, at }) as const),
      ),
      binary(
        attribute,
        equality,
        fc
          .constantFrom(...spanKindNames)
          .map((value) => ({ kind: "static", type: "kind", value, at }) as const),
      ),
      binary(tie("condition"), ["&&", "||", "="], tie("condition")),
      tie("condition").map((operand) => ({ kind: "unary", operator: "!", operand, at }) as const),
    ),
  }),
);

const filter: fc.Arbitrary<SpansetFilter> = condition.map((inner) => ({
  kind: "filter",
  condition: inner,
  at,
}));

const structural = "> >> < << ~ !> !>> !< !<< !~ &> &>> &< &<< &~".split(" ");

const { pipeline } = fc.letrec<{
  spansets: SpansetExpression;
  pipeline: Pipeline;
  scalar: ScalarExpression;
  stage: Stage;
}>((tie) => ({
  spansets: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    filter,
    fc
      .tuple(tie("spansets"), fc.constantFrom("&&", "||"), tie("spansets"))
      .map(([left, operator, right]) => ({ kind: "spansets", operator, left, right, at }) as const),
    fc
      .tuple(filter, fc.constantFrom(...structural), filter)
      .map(
        ([left, operator, right]) =>
          ({ kind: "spansets", operator, left, right, at }) as SpansetExpression,
      ),
    tie("spansets").map((operand) => ({ kind: "without", operand, at }) as const),
    tie("pipeline")
      .filter(({ stages }) => stages.length > 1)
      .map((inner) => ({ kind: "nested", pipeline: inner, at }) as const),
  ),
  scalar: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    number,
    aggregate(tie("pipeline")),
    fc
      .tuple(tie("scalar"), fc.constantFrom(...arithmetic), tie("scalar"))
      .map(
        ([left, operator, right]) =>
          ({ kind: "scalars", operator, left, right, at }) as ScalarExpression,
      ),
  ),
  stage: fc.oneof(
    { depthSize: "small" },
    // Parentheses around a whole stage are not in the tree.
    tie("spansets").filter(({ kind }) => kind !== "nested"),
    fc
      .tuple(aggregate(tie("pipeline")), fc.constantFrom(...order), tie("scalar"))
      .map(
        ([left, operator, right]) => ({ kind: "scalarFilter", operator, left, right, at }) as Stage,
      ),
    fc.array(fc.oneof(attribute, intrinsic), { minLength: 1, maxLength: 3 }).map((fields) => ({
      kind: "select" as const,
      fields,
      at,
    })),
  ),
  pipeline: fc.tuple(filter, fc.array(tie("stage"), { maxLength: 3 }), fc.boolean()).map(
    ([first, rest, grouped]): Pipeline => ({
      kind: "pipeline",
      stages: grouped
        ? [
            first,
            { kind: "by", expression: { ...reference, name: "a b" }, text: "", at },
            { kind: "coalesce", at },
            ...rest,
          ]
        : [first, ...rest],
      at,
    }),
  ),
}));

const reference = {
  kind: "attribute",
  owner: "self",
  scope: "span",
  name: "x",
  text: "",
  at,
} as const;

function aggregate(pipelines: fc.Arbitrary<Pipeline>): fc.Arbitrary<Aggregate> {
  const of = fc.option(pipelines, { nil: undefined, depthSize: "small", freq: 6 });
  const fields = fc.oneof(attribute, numericIntrinsic);
  return fc
    .tuple(fc.constantFrom(...aggregateFunctions), fields, of)
    .map(([fn, argument, inner]) => ({
      kind: "aggregate",
      function: fn,
      ...(fn !== "count" && { argument }),
      ...(inner !== undefined && { of: inner }),
      at,
    }));
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const then: fc.Arbitrary<SecondStage[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom("topk" as const, "bottomk" as const),
      count: fc.integer({ min: 1, max: 1000 }),
      at: fc.constant(at),
    }),
    fc.record({
      kind: fc.constant("threshold" as const),
      operator: fc.constantFrom("=" as const, "!=", "<", "<=", ">", ">="),
      value: finite,
      at: fc.constant(at),
    }),
  ),
  { maxLength: 2 },
);

const by = fc.array(fc.oneof(attribute, intrinsic), { maxLength: 4 });
const range = fc
  .tuple(fc.constantFrom(...rangeFunctions), fc.oneof(attribute, numericIntrinsic), by)
  .map(([fn, argument, groups]) => ({
    kind: "range" as const,
    function: fn,
    ...(fn !== "rate" && fn !== "count_over_time" && { argument }),
    quantiles: fn === "quantile_over_time" ? [0, 0.5, 1e-9] : [],
    by: groups,
    at,
  }));
const series = fc
  .tuple(pipeline, range, then)
  .map(
    ([spans, fn, stages]) =>
      ({ kind: "series", pipeline: spans, function: fn, then: stages, at }) as const,
  );
const compare = fc.tuple(pipeline, filter, fc.integer({ min: 1, max: 1000 }), fc.boolean()).map(
  ([spans, selection, top, windowed]) =>
    ({
      kind: "series",
      pipeline: spans,
      function: {
        kind: "compare",
        selection,
        top,
        ...(windowed && { window: { start: 5n, end: 1_700_000_000_000_000_000n } }),
        at,
      },
      then: [],
      at,
    }) as const,
);

const constant = finite.map((value) => ({ kind: "number", value, at }) as const);

const { metrics } = fc.letrec<{ metrics: Exclude<MetricsExpression, { kind: "number" }> }>(
  (tie) => ({
    metrics: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      series,
      fc
        .tuple(
          tie("metrics"),
          fc.constantFrom("+", "-", "*", "/"),
          fc.oneof(tie("metrics"), constant),
          fc.boolean(),
          then,
        )
        .map(
          ([left, operator, right, swap, stages]) =>
            ({
              kind: "arithmetic",
              operator,
              left: swap ? right : left,
              right: swap ? left : right,
              then: stages,
              at,
            }) as const,
        ),
    ),
  }),
);

const hints = fc
  .dictionary(fc.constantFrom("most_recent", "sample", "exemplars"), fc.oneof(bool, number, string))
  .map((record) => new Map(Object.entries(record)));

/** Any query of at most a few hundred nodes. */
export const arbitraryQuery: fc.Arbitrary<Query> = fc.oneof(
  fc.tuple(pipeline, hints).map(([inner, pairs]) => ({
    kind: "spans" as const,
    pipeline: inner,
    hints: pairs,
    at,
  })),
  fc.tuple(fc.oneof(metrics, compare), hints).map(([expression, pairs]) => ({
    kind: "metrics" as const,
    expression,
    hints: pairs,
    at,
  })),
);

/** The tree without places and without texts of references. */
export function meaning(node: unknown): unknown {
  if (node instanceof Map) return new Map([...node].map(([key, value]) => [key, meaning(value)]));
  if (Array.isArray(node)) return node.map(meaning);
  if (typeof node !== "object" || node === null) return node;
  const kept = Object.entries(node).filter(([key]) => key !== "at" && key !== "text");
  return Object.fromEntries(kept.map(([key, value]) => [key, meaning(value)]));
}
