// Attribute filters as text, in the URL and in the API alike: `<scope:>key<op>value`, where the scope
// is `span:` or `resource:` (none looks at both) and a key alone asks that the attribute exists.

import type { AttributeFilter, AttributeOperator, AttributeScope } from "@clew/model";
import type { ParamCodec } from "./codec.ts";

const signs: Readonly<Record<AttributeOperator, string>> = {
  "=": "=",
  "!=": "!=",
  ">": ">",
  "<": "<",
  ">=": ">=",
  "<=": "<=",
  regex: "=~",
  exists: "",
};

/** Operators with the sign a person reads, in the order a menu shows them. */
export const attributeOperators: readonly {
  readonly operator: AttributeOperator;
  readonly label: string;
}[] = [
  { operator: "=", label: "=" },
  { operator: "!=", label: "≠" },
  { operator: ">", label: ">" },
  { operator: ">=", label: "≥" },
  { operator: "<", label: "<" },
  { operator: "<=", label: "≤" },
  { operator: "regex", label: "matches" },
  { operator: "exists", label: "exists" },
];

/** Reads a filter; undefined when there is no key. */
export function parseAttributeFilter(source: string): AttributeFilter | undefined {
  let scope: AttributeScope = "any";
  let rest = source.trim();
  for (const word of ["span", "resource"] as const) {
    if (!rest.startsWith(`${word}:`)) continue;
    scope = word;
    rest = rest.slice(word.length + 1);
    break;
  }
  const match = /^([^=!<>]+?)\s*(=~|!=|>=|<=|=|>|<)\s*([\s\S]*)$/.exec(rest);
  if (match === null) {
    if (rest === "" || /[=!<>]/.test(rest)) return undefined;
    return { scope, key: rest, operator: "exists" };
  }
  const sign = match[2] as string;
  const operator: AttributeOperator = sign === "=~" ? "regex" : (sign as AttributeOperator);
  return { scope, key: match[1] as string, operator, value: match[3] as string };
}

/** The filter as text that {@link parseAttributeFilter} reads back. */
export function printAttributeFilter(filter: AttributeFilter): string {
  const scope = filter.scope === "any" ? "" : `${filter.scope}:`;
  return `${scope}${filter.key}${signs[filter.operator]}${filter.operator === "exists" ? "" : (filter.value ?? "")}`;
}

/** An attribute filter as a URL parameter. */
export const attributeFilter: ParamCodec<AttributeFilter> = {
  parse: ([value]) =>
    value === undefined || value.length > 4000 ? undefined : parseAttributeFilter(value),
  print: (value) => [printAttributeFilter(value)],
};
