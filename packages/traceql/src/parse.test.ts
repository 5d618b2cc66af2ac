import { expect, test } from "vitest";
import type { FieldExpression, SpansetExpression } from "./ast.ts";
import { parse, print, TraceqlError } from "./index.ts";
import { printStatic } from "./print-field.ts";

/** Every operation in parentheses, to see what binds what. */
function grouped(node: FieldExpression | SpansetExpression): string {
  switch (node.kind) {
    case "binary":
    case "spansets":
      return `(${grouped(node.left)} ${node.operator} ${grouped(node.right)})`;
    case "unary":
    case "without":
      return `${node.kind === "unary" ? node.operator : "!"}[${grouped(node.operand)}]`;
    case "filter":
      return `{${grouped(node.condition)}}`;
    case "static":
      return printStatic(node);
    case "nested":
      return "nested";
    default:
      return node.text;
  }
}

function condition(text: string): string {
  const query = parse(`{ ${text} }`);
  const stage = query.kind === "spans" ? query.pipeline.stages[0] : undefined;
  return stage?.kind === "filter" ? grouped(stage.condition) : "";
}

function spansets(text: string): string {
  const query = parse(text);
  const stage = query.kind === "spans" ? query.pipeline.stages[0] : undefined;
  return stage?.kind === "spansets" || stage?.kind === "without" ? grouped(stage) : "";
}

function refusal(text: string): TraceqlError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof TraceqlError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

test("operators bind as the language says, && and || alike", () => {
  expect(condition(".a || .b && .c")).toBe("((.a || .b) && .c)");
  expect(condition(".a && .b = 1 || .c")).toBe("((.a && (.b = 1)) || .c)");
  expect(condition(".a + .b * .c ^ .d ^ .e = 1")).toBe("((.a + (.b * (.c ^ (.d ^ .e)))) = 1)");
  expect(condition(".a - .b - .c > 0")).toBe("(((.a - .b) - .c) > 0)");
  expect(condition("-.a * .b = 1")).toBe("(-[(.a * .b)] = 1)");
  expect(condition("-.a + .b = 1")).toBe("((-[.a] + .b) = 1)");
  expect(condition("2 * -.a + 1 > -.b")).toBe("(((2 * -[.a]) + 1) > -[.b])");
  expect(condition("!.a && .b")).toBe("(![.a] && .b)");
  expect(condition("!.a = .b")).toBe("(![.a] = .b)");
  expect(condition("!(.a = .b)")).toBe("![(.a = .b)]");
  expect(spansets("{.a} && {.b} > {.c}")).toBe("({.a} && ({.b} > {.c}))");
  expect(spansets("{.a} || {.b} && {.c}")).toBe("(({.a} || {.b}) && {.c})");
  expect(spansets("{.a} > {.b} !>> {.c}")).toBe("(({.a} > {.b}) !>> {.c})");
  expect(spansets("!{.a} && !!{.b}")).toBe("(![{.a}] && ![![{.b}]])");
  expect(spansets("({.a} | count() > 1) && {.b}")).toBe("(nested && {.b})");
});

test("signs are part of numbers, nil stands on the right, and 64 bits are the limit", () => {
  expect(condition(".a = -5")).toBe("(.a = -5)");
  expect(condition("-(5) < .a")).toBe("(-5 < .a)");
  expect(condition(".a = -9223372036854775808")).toBe("(.a = -9223372036854775808)");
  expect(condition(".a = minInt && .b = maxInt")).toBe(
    "((.a = -9223372036854775808) && (.b = 9223372036854775807))",
  );
  expect(refusal("{ .a = 9223372036854775808 }").column).toBe(8);
  expect(refusal("{ .a = 99999999999999999999 }").column).toBe(8);
  expect(condition("nil != .a")).toBe("(.a != nil)");
});

test("numbers, durations and strings have every spelling that Go and Prometheus know", () => {
  expect(condition(".a = .5 && .a = 10. && .a = 1e3 && .a = 1.5e-3")).toBe(
    "((((.a = 0.5) && (.a = 10.0)) && (.a = 1000.0)) && (.a = 0.0015))",
  );
  const durations = [
    "1h30m",
    "1.5s",
    "2d",
    "1w",
    "1y",
    "10ms",
    "7us",
    "7µs",
    "7μs",
    "9ns",
    "-3m",
    ".5m",
  ];
  const printed = durations.map((text) => condition(`duration = ${text}`).slice(12, -1));
  expect(printed).toEqual(
    [
      ["1h30m", "1s500ms", "48h", "168h", "8760h", "10ms"],
      ["7us", "7us", "7us", "9ns", "-3m", "30s"],
    ].flat(),
  );
  expect(condition('name = "a\\"\\\\\\n\\x41\\101\\u00e9\\U0001F9F5\\xc3\\xa9"')).toBe(
    '(name = "a\\"\\\\\\nAAé🧵é")',
  );
  expect(condition('name = `raw \\d "` ')).toBe('(name = "raw \\\\d \\"")');
  for (const text of ["'a'", '"a', "`a", '"\\q"', '"\\ud800"', "5x", "1h3", "1.2.3", "400y"])
    expect(refusal(`{ name = ${text} }`).column, text).toBe(10);
});

test("names run on until a blank or an operator, and may be quoted in part", () => {
  const name = (text: string): unknown => {
    const query = parse(`{ ${text} }`);
    const stage = query.kind === "spans" ? query.pipeline.stages[0] : undefined;
    const found = stage?.kind === "filter" ? stage.condition : undefined;
    if (found?.kind === "attribute") return [found.owner, found.scope, found.name];
    return found?.kind;
  };
  expect(name(".a+1-b/c%d:e")).toEqual(["self", "any", "a+1-b/c%d:e"]);
  expect(name('span."foo bar".baz')).toEqual(["self", "span", "foo bar.baz"]);
  expect(name('resource."a\\"b\\\\c\\d"')).toEqual(["self", "resource", 'a"b\\c\\d']);
  expect(name("parent.span.x")).toEqual(["parent", "span", "x"]);
  expect(name("root.resource.service.name")).toEqual(["root", "resource", "service.name"]);
  expect(name("parent.http.route")).toEqual(["parent", "any", "http.route"]);
  expect(name('parent."duration"')).toEqual(["parent", "any", "duration"]);
  expect(name('parent."span".x')).toEqual(["parent", "any", "span.x"]);
  expect(name(".name")).toEqual(["self", "any", "name"]);
  expect(name("span.duration")).toEqual(["self", "span", "duration"]);
  expect(name('."5xx"')).toEqual(["self", "any", "5xx"]);
  expect(condition(".a=1&&.b!=2")).toBe("((.a = 1) && (.b != 2))");
  expect(condition("parent.duration > 1s")).toBe("(parent.duration > 1s)");
  expect(condition(".a /* what */ = // why\n 1")).toBe("(.a = 1)");
});

test("every construct of the language is read and printed in one form", () => {
  const canonical = [
    "{ }",
    '{ trace:rootService = "a" && rootName =~ "b.*" && trace:id = "0af" }',
    "{ event:timeSinceStart > 1ms && link:spanID != nil && span:childCount = 0 }",
    "{ kind = server && status != unset && nestedSetParent < 0 }",
    '{ instrumentation:name = "a" && instrumentation.b = 1 && event.c != nil && link.d }',
    "{ 1 < 1h && .a = 500000000 * 2 && duration = 3us / 3 }",
    "{ parent = nil || parent.name != root.name }",
    "{ .a } &>> { .b } | by(span.c) | coalesce() | select(.d, name)",
    "by(resource.service.name) | count() > 1 | avg(duration) >= 10ms",
    "{ } | max(duration) - min(duration) > 3 * avg(.f) + 1",
    "({ .a } | count()) > ({ .b } | count()) + 1",
    "({ .a } | by(.b) | count() > 2) && { .c }",
    "{ } | rate() by(resource.service.name, name) | topk(5) > 10 < 100",
    "{ } | quantile_over_time(duration, 0.5, 0.99, 1) by(.a) | bottomk(2)",
    "{ } | histogram_over_time(span.size) > 1",
    "({ } | rate()) / ({ .a } | rate()) * 100 > 5 | topk(3)",
    "(({ } | rate() > 1) + 1) / 2",
    "{ } | compare({ status = error }, 10, 1, 2)",
    '{ .a } | sum_over_time(.b) with(sample=0.1, exemplars=5, most_recent=true, x="y")',
    "!{ .a } && { .b }",
    "!({ .a } >> { .b })",
  ];
  for (const text of canonical) expect(print(parse(text))).toBe(text);
});

test("a window of compare() from zero to zero is none", () => {
  const zeros = "{ } | compare({ status = error }, 10, 0, 0)";
  expect(print(parse(zeros))).toBe("{ } | compare({ status = error }, 10)");
});

test("parentheses around whole stages group nothing", () => {
  expect(print(parse("({ } | by(.a) | count() > 1)"))).toBe("{ } | by(.a) | count() > 1");
  expect(print(parse("{ } | ({ .a } | by(.b)) | coalesce()"))).toBe(
    "{ } | { .a } | by(.b) | coalesce()",
  );
  expect(print(parse("((({ .a }))) | (count() > 1)"))).toBe("{ .a } | count() > 1");
});

test("constants of metrics arithmetic are folded, integers as integers", () => {
  expect(print(parse("({} | rate()) * (7 / 2)"))).toBe("({ } | rate()) * 3");
  expect(print(parse("({} | rate()) * 7.0 / (2 + -4)"))).toBe("({ } | rate()) * 7 / -2");
  expect(print(parse("(2 - 1) - ({} | rate()) > 1m30s"))).toBe("1 - ({ } | rate()) > 90");
});

test("what means nothing is refused", () => {
  const refused = [
    ["", " // only words", "{", "}", "{ .a = }", "{ .a .b }", "{ .a = 1 ", "{ .a } }", "{ . = 1 }"],
    [
      "{ attribute = 4 }",
      "{ .a == 1 }",
      "{ 'a' = .a }",
      "{ .a, .b }",
      "{ .a =~ .b }",
      "5 > 3",
      "2 * 3",
    ],
    [
      "{ } | 3 > 2",
      "{ } | count()",
      "{ true } = { true }",
      "{ } + { }",
      "{ } <= { }",
      "coalesce()",
    ],
    ["{ } | select()", "{ } | select(.a + 1)", "{ } | select(1)", "{ } | by()", "{ } | by(1)"],
    ["{ } | min() > 1", "{ } | min(name) > 1", "{ } | sum(3) > 1", "{ } | count(.a) > 1"],
    ["{ trace:status = error }", "{ trace:kind = server }", "{ span:rootName = `a` }", "{ name }"],
    [
      "{ duration }",
      "{ 1 }",
      "{ 1 + 1 }",
      "{ status > ok }",
      "{ kind < server }",
      "{ true > false }",
    ],
    ["{ status = 1 }", "{ kind = `server` }", "{ duration = `1s` }", "{ name = 1 }", "{ .a && 1 }"],
    [
      "{ !duration }",
      "{ -name = 1 }",
      "{ -true }",
      "{ name + 1 = 2 }",
      "{ .a + nil = 1 }",
      "{ .a < nil }",
    ],
    ["{ name = nil }", "{ duration = nil }", "{ resource.service.name = nil }", "{ .a + 1 = nil }"],
    ["{ parent }", "{ duration =~ `1` }", "{ .a =~ `[` }", "{ .a =~ `(?!b)` }", "{ .a =~ 1 }"],
    ["{ } | by(.a) | { .b } > { .c }", "({ } | by(.a)) >> { }", "{ } > !{ }", "{ } && count() > 1"],
    ["rate()", "{ } | rate() + 5", "{ } | rate(.a)", "{ } | min_over_time()", "{ } | rate() | { }"],
    ["{ } | min_over_time(.a + 1)", "{ } | min_over_time(name)", "{ } | rate() | topk(0)"],
    ["{ } | rate() | topk(-1)", "{ } | topk(1)", "{ } | rate() > `a`", "{ } | rate() by()"],
    ["{ } | quantile_over_time(duration)", "{ } | quantile_over_time(duration, 1.1)"],
    ["{ } | quantile_over_time(duration, -0.5)", "{ } | rate() by(.a, .b, .c, .d, .e, .f)"],
    [
      "{ } | histogram_over_time(.a) by(.a, .b, .c, .d, .e)",
      "{ } | compare(.a)",
      "{ } | compare({ }, 0)",
    ],
    [
      "{ } | compare({ }, 1001)",
      "{ } | compare({ }, 1, 5)",
      "{ } | compare({ }, 1, 5, 4)",
      "{ } | compare({ }, 1, -5, 4)",
    ],
    [
      "{ } | compare({ }) | topk(3)",
      "({ } | rate()) % 2",
      "({ } | rate()) + 1s",
      "({ } | rate()) ^ 2",
    ],
    ["({ } | rate()) * (1 / 0)", "({ } | rate()) + ({ } | count())", "({ } | compare({ })) + 1"],
    ["{ } with()", "{ } with(a)", "{ } with(a=.b)", "{ } with(a=1) | { }", "{ span.a = nil.b }"],
  ].flat();
  for (const text of refused) expect(refusal(text).message, text).toMatch(/^\d+:\d+: /);
});

test("a refusal points at the character and helps", () => {
  const error = refusal("{ }\n | avg(durration) > 1s");
  expect(error.message).toBe(
    "2:8: durration is not a word of TraceQL\n | avg(durration) > 1s\n       ^^^^^^^^^",
  );
  expect([error.line, error.column, error.place]).toEqual([2, 8, { start: 11, end: 20 }]);
  expect(error.hint).toMatch(/^did you mean duration\?/);
  expect(refusal("{ .a = }").message).toBe(
    "1:8: unexpected }; expected a value, an attribute or an intrinsic\n{ .a = }\n       ^",
  );
  expect(refusal("{ } | count() > ").expected).toContain("{");
  expect(refusal("{ } | rate() | topk(x)").message).toContain("expected a whole number\n");
  expect(refusal("2 * 3").message).toMatch(/^1:1: a constant is not a query/);
  expect(refusal("{ } | 2 * count()").message).toMatch(/an aggregate alone is not a query/);
  expect(refusal('{ .é = "🧵" "b" }').column).toBe(12);
  expect(refusal("{ .a\u0000= 1 }").message).toMatch(/^1:5: unexpected character U\+0000\n/);
  const hints: readonly (readonly [string, RegExp])[] = [
    ["{ } | cuont() > 1", /count\(\)/],
    ["{ } | quantile_ovr_time(duration, .9)", /quantile_over_time\(\)/],
    ["{ trace:rootServiceName = `a` }", /trace:rootService\?/],
    ["{ span:statusMesage = `a` }", /span:statusMessage\?/],
    ["{ resorce.a = 1 }", /resource\./],
    ["{ trace.a = 1 }", /span\./],
    ["{ childCount > 1 }", /span:childCount/],
    ["{ kind = `server` }", /without quotes: kind = server/],
    ["{ status = nok }", /did you mean ok/],
    ["{ http = 1 }", /\.http, span\.http/],
    ["{ .5xx = 1 }", /\."5xx"/],
    ["{ .a == 1 }", /equality is written =/],
    ["topk(5)", /rate\(\)/],
    [".a = 1", /braces/],
  ];
  for (const [text, hint] of hints) expect(refusal(text).hint, text).toMatch(hint);
  const long = refusal(`{ ${".a = 1 && ".repeat(500)} }`);
  expect(long.message.length).toBeLessThan(400);
});
