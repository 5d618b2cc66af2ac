import { expect, test } from "vitest";
import { type Completion, complete, parseFilter, print, tokens } from "./index.ts";

/** Completion at the `|>` in the text. */
function at(marked: string): Completion & { words: Completion["words"] } {
  const cursor = marked.indexOf("|>");
  return complete(marked.replace("|>", ""), cursor);
}
function words(marked: string): string[] {
  return at(marked).words.map(({ text }) => text);
}
function filter(found: Completion["filter"]): string | undefined {
  const stages = found && [found];
  const pipeline = stages && ({ kind: "pipeline", stages, at: { start: 0, end: 0 } } as const);
  return pipeline && print({ kind: "spans", pipeline, hints: new Map(), at: pipeline.at });
}

test("names of attributes are asked for by owner, scope and what is typed", () => {
  expect(at("{ |>").attribute).toEqual({ owner: "self", scope: "any", prefix: "" });
  expect(at("{ .htt|> = 1 }").attribute).toEqual({ owner: "self", scope: "any", prefix: "htt" });
  expect(at("{ span.http.|>").attribute).toEqual({ owner: "self", scope: "span", prefix: "http." });
  expect(at("{ resource.|> }").attribute).toEqual({ owner: "self", scope: "resource", prefix: "" });
  expect(at("{ parent.span.a|>").attribute).toEqual({
    owner: "parent",
    scope: "span",
    prefix: "a",
  });
  expect(at("{ root.a|>").attribute).toEqual({ owner: "root", scope: "any", prefix: "a" });
  expect(at("{ } | rate() by(resource.s|>").attribute?.prefix).toBe("s");
  expect(at("{ .ab|>cd = 1 }")).toMatchObject({ replace: { start: 2, end: 7 }, prefix: ".ab" });
  expect(words("{ dura|>")).toEqual(["duration"]);
  expect(words("{ .a = 1 && span:n|>")).toEqual(["span:name"]);
});

test("values are asked for with their field, whether or not the quote is closed", () => {
  expect(at('{ span.a.b = "x|>" }')).toMatchObject({
    replace: { start: 13, end: 16 },
    prefix: "x",
    value: { operator: "=", field: { kind: "attribute", scope: "span", name: "a.b" } },
  });
  expect(at('{ name != "x|> && .b = 1 }')).toMatchObject({
    replace: { start: 10, end: 12 },
    value: { operator: "!=", field: { kind: "intrinsic", name: "span:name" } },
  });
  expect(at("{ .a =~ |>").value?.operator).toBe("=~");
  expect(words("{ status = |>")).toEqual(["unset", "ok", "error"]);
  expect(words("{ span:kind = c|>")).toEqual(["client", "consumer"]);
  expect(words("{ .a = t|>")).toEqual(["true"]);
});

test("operators, stages and functions are offered where they fit", () => {
  expect(words("{ .a |>")).toContain("=~");
  expect(words("{ .a = 1 |>")).toEqual(["&&", "||"]);
  expect(words("{ .a } |>")).toEqual(expect.arrayContaining(["|", "&&", ">>", "!~"]));
  expect(words("|>")).toEqual(["{", "!{"]);
  expect(words("{ .a } >> |>")).toEqual(["{", "!{"]);
  expect(words("{ } | quant|>")).toEqual(["quantile_over_time("]);
  expect(words("{ } | count() |>")).toContain(">");
  expect(words("{ } | rate() |>")).toEqual(["by(", "|", ">", "<"]);
  expect(words("{ } | avg(dur|>")).toEqual(["duration"]);
  expect(words("{ } | count() > |>")).toEqual([]);
  expect(words("{ .a = 1 } // a |>")).toEqual([]);
});

test("the rest of the filter narrows what is offered", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["{ .a = 1 && .b = |> }", "{ .a = 1 }"],
    ["{ .a = |> && .b = 2 }", "{ .b = 2 }"],
    ["{ .a = 1 && .b = |> && .c = 3 || .d = 4 }", "{ .a = 1 && .c = 3 }"],
    ["{ .a = 1 || .b = |> }", undefined],
    ["{ .a = 1 || .b = |> && .c = 3 }", "{ .c = 3 }"],
    ["{ .a = && .b = |>", undefined],
    ["{ .x } >> { .a && .b = |> && (.c || .d) }", "{ .a && (.c || .d) }"],
    ["{ .a = 1 } | rate() by(|>", "{ .a = 1 }"],
    ["{ .a = 1 } | select(span.|>)", "{ .a = 1 }"],
  ];
  for (const [text, rest] of cases) expect([text, filter(at(text).filter)]).toEqual([text, rest]);
});

test("a half-typed filter keeps the conditions that can be read", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["{ .a = 1 && .b > 2 }", "{ .a = 1 && .b > 2 }"],
    ["{ .a = 1 } | rate() by(.b)", "{ .a = 1 }"],
    ["{ }", "{ }"],
    ['{ resource.service.name = "x" && span.b = }', '{ resource.service.name = "x" }'],
    ["{ .a = 1 && .b = `x", "{ .a = 1 }"],
    ["{ .a = 1 && span. && (.b || .c) }", "{ .a = 1 && (.b || .c) }"],
    ["{ .a = 1 || .b = }", undefined],
    ["{ .b = || .a = 1 && .c }", "{ .c }"],
    ["{ .a } >> { .b }", undefined],
    ["{ .a = 1 } && { .b = }", undefined],
    ["{ .a = }", undefined],
    [".a = 1", undefined],
    ["", undefined],
  ];
  for (const [text, rest] of cases) expect([text, filter(parseFilter(text))]).toEqual([text, rest]);
});

test("every token has a class, readable or not", () => {
  const text = '{ span.a = "b" && duration > 1s } | rate() // c\n ==';
  const found = tokens(text).map((token) => [
    text.slice(token.at.start, token.at.end),
    token.class,
  ]);
  expect(found).toEqual([
    ["{", "bracket"],
    ["span.a", "attribute"],
    ["=", "operator"],
    ['"b"', "string"],
    ["&&", "operator"],
    ["duration", "intrinsic"],
    [">", "operator"],
    ["1s", "number"],
    ["}", "bracket"],
    ["|", "operator"],
    ["rate", "function"],
    ["(", "bracket"],
    [")", "bracket"],
    ["// c", "comment"],
    ["==", "error"],
  ]);
});
