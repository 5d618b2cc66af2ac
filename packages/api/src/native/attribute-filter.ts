// The attribute filter of the native API, one condition in one text:
//
//   filter   = [ scope ":" ] key [ operator value ]        no operator: the attribute exists
//   scope    = "span" | "resource"                         absent: the span first, then its resource
//   key      = bare | quoted
//   bare     = one or more characters other than = ! < > " and control characters, no space at either end
//   quoted   = '"' ( any character but " and \ | "\" any character )* '"'
//   operator = "=" | "!=" | ">" | "<" | ">=" | "<=" | "=~"   (=~ is an RE2 pattern, unanchored)
//   value    = the rest of the text, as it stands; for = and != it may be empty
//
// Known gap: no filter asks for equality with a value that begins with `~`, for `=~` is read as the pattern's
// operator; a pattern such as `key=~^[~]text$` finds it.
//
// A key that itself begins with `span:` or `resource:` is written with its scope or in quotes.

import type { AttributeFilter, AttributeOperator, AttributeScope } from "@clew/model";

/** Longest filter text in characters. */
export const longestFilter = 8192;

export type AttributeFilterResult =
  | { readonly ok: true; readonly filter: AttributeFilter }
  | {
      readonly ok: false;
      /** Index of the first character that does not fit. */
      readonly position: number;
      readonly message: string;
    };

const operators: readonly (readonly [text: string, operator: AttributeOperator])[] = [
  ["!=", "!="],
  [">=", ">="],
  ["<=", "<="],
  ["=~", "regex"],
  ["=", "="],
  [">", ">"],
  ["<", "<"],
];

// oxlint-disable-next-line no-control-regex -- they are what is refused
const endOfBareKey = /[=!<>"\u0000-\u001f\u007f]/;

function failure(position: number, message: string): AttributeFilterResult {
  return { ok: false, position, message };
}

/** Reads one filter text; never throws. */
export function parseAttributeFilter(text: string): AttributeFilterResult {
  if (text.length > longestFilter) {
    return failure(longestFilter, `a filter has at most ${longestFilter} characters`);
  }
  const scope = scopeOf(text);
  const keyStart = scope === "any" ? 0 : scope.length + 1;
  const key = text[keyStart] === '"' ? quotedKey(text, keyStart) : bareKey(text, keyStart);
  if ("ok" in key) return key;
  if (key.end === text.length) {
    return { ok: true, filter: { scope, key: key.text, operator: "exists" } };
  }
  return condition(text, scope, key);
}

interface Key {
  readonly text: string;
  /** Index after the key. */
  readonly end: number;
}

function scopeOf(text: string): AttributeScope {
  if (text.startsWith("span:")) return "span";
  return text.startsWith("resource:") ? "resource" : "any";
}

function bareKey(text: string, start: number): Key | AttributeFilterResult {
  const length = text.slice(start).search(endOfBareKey);
  const end = length < 0 ? text.length : start + length;
  if (end === start) return failure(start, "an attribute key is missing here");
  const key = text.slice(start, end);
  // `key = value` would ask for the key "key " and find nothing, without a word.
  if (key.trimStart() !== key)
    return failure(start, "a space stands here; a key with spaces at its ends is quoted");
  if (key.trimEnd() !== key) {
    return failure(
      start + key.trimEnd().length,
      "a space stands here; write key=value without spaces around the operator",
    );
  }
  return { text: key, end };
}

function quotedKey(text: string, start: number): Key | AttributeFilterResult {
  let key = "";
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i] as string;
    if (character === '"') {
      return key === "" ? failure(start, "the quoted key is empty") : { text: key, end: i + 1 };
    }
    if (character === "\\") i++;
    key += text[i] ?? "";
  }
  return failure(start, "the quote that opens here is not closed");
}

function condition(text: string, scope: AttributeScope, key: Key): AttributeFilterResult {
  const found = operators.find(([written]) => text.startsWith(written, key.end));
  if (found === undefined) {
    return failure(key.end, "one of the operators = != > < >= <= =~ is expected here");
  }
  const [written, operator] = found;
  const value = text.slice(key.end + written.length);
  if (value === "" && operator !== "=" && operator !== "!=") {
    return failure(text.length, `a value is missing after ${written}`);
  }
  return { ok: true, filter: { scope, key: key.text, operator, value } };
}

const operatorText: Readonly<Record<AttributeOperator, string>> = {
  "=": "=",
  "!=": "!=",
  ">": ">",
  "<": "<",
  ">=": ">=",
  "<=": "<=",
  regex: "=~",
  exists: "",
};

/** The text of a filter: `parseAttributeFilter` reads it back to the same filter, but for `=` and a value that begins with `~`. */
export function printAttributeFilter(filter: AttributeFilter): string {
  const scope = filter.scope === "any" ? "" : `${filter.scope}:`;
  const looksScoped = filter.scope === "any" && scopeOf(filter.key) !== "any";
  const bare = !endOfBareKey.test(filter.key) && filter.key.trim() === filter.key && !looksScoped;
  const key = bare ? filter.key : `"${filter.key.replaceAll(/["\\]/g, "\\$&")}"`;
  return `${scope}${key}${operatorText[filter.operator]}${filter.value ?? ""}`;
}
