import type { AttributeFilter, AttributeOperator } from "@clew/model";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseAttributeFilter, printAttributeFilter } from "./attribute-filter.ts";

function parsed(text: string): AttributeFilter {
  const result = parseAttributeFilter(text);
  if (!result.ok) throw new Error(`${text}: ${result.message} at ${result.position}`);
  return result.filter;
}

function refused(text: string): { position: number; message: string } {
  const result = parseAttributeFilter(text);
  if (result.ok) throw new Error(`${text} was read`);
  return result;
}

describe("an attribute filter", () => {
  test.each([
    ["http.route=/cart", { scope: "any", key: "http.route", operator: "=", value: "/cart" }],
    ["span:http.status>=500", { scope: "span", key: "http.status", operator: ">=", value: "500" }],
    [
      "resource:k8s.pod/name-x!=a=b",
      { scope: "resource", key: "k8s.pod/name-x", operator: "!=", value: "a=b" },
    ],
    [
      "db.statement=~^SELECT\\s",
      { scope: "any", key: "db.statement", operator: "regex", value: "^SELECT\\s" },
    ],
    ["a<1", { scope: "any", key: "a", operator: "<", value: "1" }],
    ["a<=1", { scope: "any", key: "a", operator: "<=", value: "1" }],
    ["a>-1", { scope: "any", key: "a", operator: ">", value: "-1" }],
    ["error", { scope: "any", key: "error", operator: "exists" }],
    ["user.name=", { scope: "any", key: "user.name", operator: "=", value: "" }],
    ['"a=b"=c', { scope: "any", key: "a=b", operator: "=", value: "c" }],
    ['span:"say \\"hi\\" \\\\"', { scope: "span", key: 'say "hi" \\', operator: "exists" }],
    ['"span:x"=1', { scope: "any", key: "span:x", operator: "=", value: "1" }],
    ["otel:x=1", { scope: "any", key: "otel:x", operator: "=", value: "1" }],
  ] satisfies [string, AttributeFilter][])("%s is read as what it says", (text, filter) => {
    expect(parsed(text)).toEqual(filter);
  });

  test.each([
    ["", 0, "key is missing"],
    ["=x", 0, "key is missing"],
    ["span:=x", 5, "key is missing"],
    ['""=x', 0, "empty"],
    ['"abc', 0, "not closed"],
    ['"abc\\', 0, "not closed"],
    ['"abc"x=1', 5, "operators"],
    ["a!b", 1, "operators"],
    ["a>", 2, "value is missing after >"],
    ["a=~", 3, "value is missing after =~"],
    ["a = b", 1, "without spaces"],
    [" a=b", 0, "space"],
    ["x".repeat(9000), 8192, "at most"],
  ])("%j is refused at position %i", (text, position, message) => {
    const error = refused(text);
    expect(error.position).toBe(position);
    expect(error.message).toContain(message);
  });

  const operators: AttributeOperator[] = ["=", "!=", ">", "<", ">=", "<=", "regex"];
  const scope = fc.constantFrom("any" as const, "span" as const, "resource" as const);
  const tricky = fc.string({
    unit: fc.constantFrom("a", ".", "=", "!", "<", ">", "~", '"', "\\", " ", ":", "é"),
  });
  const key = fc
    .oneof(
      tricky,
      tricky.map((rest) => `span:${rest}`),
    )
    .filter((text) => text !== "");
  const compared = fc.record({
    scope,
    key,
    operator: fc.constantFrom(...operators),
    value: fc.string({ minLength: 1 }),
  });
  const exists = fc.record({ scope, key, operator: fc.constant("exists" as const) });

  test("reads back from its own text, whatever characters key and value have", () => {
    fc.assert(
      fc.property(fc.oneof(compared, exists), (filter) => {
        // `a>` followed by a value that begins with `=` is `a>=`, and so on: the grammar's one ambiguity.
        fc.pre(filter.operator === "exists" || !/^[=~]/.test(filter.value));
        expect(parsed(printAttributeFilter(filter))).toEqual(filter);
      }),
    );
  });

  test("never throws, and points inside the text", () => {
    fc.assert(
      fc.property(fc.oneof(tricky, fc.string()), (text) => {
        const result = parseAttributeFilter(text);
        if (!result.ok) expect(result.position).toBeLessThanOrEqual(text.length);
        else expect(result.filter.key).not.toBe("");
      }),
    );
  });
});
