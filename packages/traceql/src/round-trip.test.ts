import fc from "fast-check";
import { expect, test } from "vitest";
import { complete, parse, parseFilter, print, references, TraceqlError, tokens } from "./index.ts";
import { arbitraryQuery, meaning } from "./testing/arbitrary-query.ts";

fc.configureGlobal({ seed: 20_261_123 });

test("what is printed is read as the same query, and printed the same again", () => {
  fc.assert(
    fc.property(arbitraryQuery, (query) => {
      const text = print(query);
      const read = parse(text);
      expect(meaning(read)).toEqual(meaning(query));
      expect(print(read)).toBe(text);
      expect(references(read).map(meaning)).toEqual(references(query).map(meaning));
    }),
    { numRuns: 600 },
  );
});

const fragments = fc.constantFrom(
  ..."{ } ( ) , | || && > >> < << ~ !> !>> !< !<< !~ &> &>> &< &<< &~ = != <= >= =~ ! + - * / % ^".split(
    " ",
  ),
  ..."true nil ok server duration name span. .a span.b parent. parent root.x span:id trace: count( by(".split(
    " ",
  ),
  ..."rate() quantile_over_time( topk(3) with( select( coalesce() compare({".split(" "),
  ...'1 1.5 10ms `x` " "y" // /* \n \\ é 🧵 \u0000 maxInt'.split(" "),
);
const soup = fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join(" "));
const mutated = fc
  .tuple(arbitraryQuery, fc.array(fc.tuple(fc.nat(), fragments, fc.nat(3)), { maxLength: 3 }))
  .map(([query, changes]) => {
    let text = print(query);
    for (const [at, fragment, cut] of changes) {
      const place = at % (text.length + 1);
      text = text.slice(0, place) + fragment + text.slice(place + cut);
    }
    return text;
  });

test("any text is read or refused with a place inside of it, and never more", () => {
  const anyText = fc.oneof(soup, mutated, fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(anyText, fc.nat(), (text, at) => {
      try {
        expect(meaning(parse(print(parse(text))))).toEqual(meaning(parse(text)));
      } catch (error) {
        expect(error).toBeInstanceOf(TraceqlError);
        const { place, code } = error as TraceqlError;
        expect(code).toBe("bad_request");
        expect(place.start).toBeGreaterThanOrEqual(0);
        expect(place.end).toBeLessThanOrEqual(text.length);
      }
      parseFilter(text);
      const ends = tokens(text).map((token) => token.at.end);
      expect(ends).toEqual(ends.toSorted((a, b) => a - b));
      const cursor = at % (text.length + 1);
      const { replace } = complete(text, cursor);
      expect(replace.start).toBeLessThanOrEqual(cursor);
      expect(replace.end).toBeGreaterThanOrEqual(cursor);
    }),
    { numRuns: 1500 },
  );
});

test("deep and long texts end in an error, not in a full stack", () => {
  const long = 60_000;
  const hostile = [
    "(".repeat(long),
    `{${"(".repeat(long)}`,
    `{${"!".repeat(long)}.a}`,
    `{${"-".repeat(long)}1}`,
    `{${".a ^ ".repeat(20_000)}1}`,
    `${"{} && ".repeat(20_000)}{}`,
    `${"{} | ".repeat(20_000)}{}`,
    `{${".a || ".repeat(20_000)}.a}`,
    `{} | select(${".a,".repeat(20_000)}.a)`,
    `!`.repeat(long),
    `{ .a =~ "${"(".repeat(long)}" }`,
    `{ .a = ${"1".repeat(long)} }`,
    `{ .a = ${"1h".repeat(long / 2)} }`,
    `{} | rate()${" > 1".repeat(20_000)}`,
    `{} with(${"a=1,".repeat(20_000)}a=1)`,
    " ".repeat(200_000),
  ];
  for (const text of hostile) {
    expect(() => parse(text), text.slice(0, 20)).toThrow(TraceqlError);
    complete(text, 10);
    parseFilter(text);
  }
});

test("as many conditions as the limit allows are read, printed and walked", () => {
  const text = `{ ${Array.from({ length: 480 }, (_, i) => `.a = ${i}`).join(" || ")} }`;
  expect(print(parse(text))).toBe(text);
});
