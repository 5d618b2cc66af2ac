import fc from "fast-check";
import { expect, test } from "vitest";
import { nameOfSegment, pathSegment } from "./path-segment.ts";

const odd = fc
  .array(fc.constantFrom("~", ".", "/", "\\", "%", "%2E", "\u0000", "a", "?", "#"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(""));

test("every name survives as one segment of an address, whatever a browser resolves", () => {
  fc.assert(
    fc.property(fc.oneof(odd, fc.string({ unit: "binary", minLength: 1 })), (name) => {
      const { pathname } = new URL(`/services/${pathSegment(name)}/operations`, "http://clew.test");
      const [, services, segment = "", operations, ...more] = pathname.split("/");
      expect([services, operations, more]).toEqual(["services", "operations", []]);
      expect(nameOfSegment(decodeURIComponent(segment))).toBe(name.toWellFormed());
    }),
    { seed: 1 },
  );
});

test("only the names that a browser would resolve look unlike their percent-encoding", () => {
  expect([".", "..", "~.", "...", "~a", "a.b"].map(pathSegment)).toEqual([
    "~.",
    "~..",
    "~~.",
    "...",
    "~a",
    "a.b",
  ]);
});
