import { expect, test } from "vitest";
import { regexFault } from "./check-regex.ts";

test("patterns of RE2 are taken", () => {
  const good = [
    [
      "",
      "a",
      ".*",
      "a|b|",
      "(a(b)c)*?",
      "(?:a)+",
      "(?i)a",
      "(?i-s:a)",
      "a(?i)*",
      "(?)a",
      "(?P<x>a)(?<y>b)",
      "^a$",
    ],
    [
      "[a-z]",
      "[]a]",
      "[^]a]",
      "[a\\]b]",
      "[a-]",
      "[-a]",
      "[[:alpha:]_]",
      "[\\d\\-x]",
      "[\\x{41}-Z]",
    ],
    [
      "\\d\\D\\s\\S\\w\\W\\b\\B\\A\\z",
      "\\pL\\p{Greek}\\P{^Lu}",
      "\\x41\\x{1F9F5}\\012",
      "\\Q(*\\E",
    ],
    ["(a{10}b){10}(c{1000})", "(?:a{30}|b{2}){30,33}", "(a{,3}){1000}"],
    ["a{2}", "a{2,}", "a{2,3}?", "a{,3}", "{", "a{x}", "\\.", "\\/", "🧵+", "a{1000}", "[🧵-🧶]"],
  ].flat();
  for (const pattern of good) expect([pattern, regexFault(pattern)]).toEqual([pattern, undefined]);
});

test("what RE2 does not have is named", () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ...["(?=a)", "(?!a)", "(?<=a)", "(?<!a)"].map((text) => [text, /look/] as const),
    ...["(a)\\1", "(?P<a>b)\\k<a>"].map((text) => [text, /back-reference/] as const),
    ["(?>a)", /atomic/],
    ["a++", /possessive/],
    ["a**", /repeats a repetition/],
    ["a{2}{3}", /repeats a repetition/],
    ...["*a", "(*a)", "a|+", "(?i)*"].map((text) => [text, /nothing to repeat/] as const),
    ...["(", "(a", "(?:a"].map((text) => [text, /not closed/] as const),
    ...[")", "a)"].map((text) => [text, /has no \(/] as const),
    ...["[", "[a", "[]", "[a\\"].map((text) => [text, /not closed/] as const),
    ["[b-a]", /backwards/],
    ["[a-\\d]", /backwards/],
    ["[[:word_:]]", /class/],
    ["\\", /backslash/],
    ...["\\q", "\\Z", "\\e", "\\é"].map((text) => [text, /no escape/] as const),
    ...["\\p{Nonsense}", "\\pX", "\\p"].map((text) => [text, /class/] as const),
    ["\\x{110000}", /hexadecimal/],
    ["a{1001}", /more than 1000/],
    ["a{3,2}", /backwards/],
    ["(?P<a>b)(?P<a>c)", /named a/],
    ["(?#a)", /comments/],
    ["(".repeat(200), /deeper/],
    ["\\Q(*", /not closed with/],
    ["(a{30}b){34}", /inside one another repeat more than 1000/],
    ["((a{11}){10}){10}", /inside one another repeat more than 1000/],
    ["a?".repeat(2001), /more than 2000 repetitions/],
    ["(?:a{0,30}){30}".repeat(3), /more than 2000 repetitions/],
  ];
  for (const [pattern, reason] of bad) expect(regexFault(pattern), pattern).toMatch(reason);
});
