// Conditions of TraceQL as text, for links from every page. Small on purpose: the parser stays with the
// query page, so that other pages do not load it.

import type { AttributeFilter, SpanFilter } from "@clew/model";

/** The types a literal in a condition may have. */
export type LiteralType = "string" | "int" | "float" | "bool" | "duration" | "status" | "kind";

export interface Literal {
  readonly type: LiteralType;
  /** A string as it is; the other types as TraceQL writes them. */
  readonly text: string;
}

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text between quotes, escaped. */
export function quoted(value: string): string {
  const escaped = value.replace(/[\u0000-\u001f\u007f"\\]/g, (sign) => {
    if (sign === '"' || sign === "\\") return `\\${sign}`;
    return shortEscapes[sign] ?? `\\x${sign.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

export function literalText({ type, text }: Literal): string {
  return type === "string" ? quoted(text) : text;
}

export type ReferenceScope = "any" | "span" | "resource" | "event" | "link" | "instrumentation";

/** A reference to an attribute: `span.http.route`, `.note`, `span."a key"`. `owner` is `parent`, `root` or "". */
export function attributeText(scope: ReferenceScope, key: string, owner = ""): string {
  const plain = /^[^\s{}()=~!<>&|^,"\\\u0000]+$/.test(key);
  const prefix = `${owner === "" ? "" : `${owner}.`}${scope === "any" ? "" : scope}`;
  // After an owner, a bare word may be an intrinsic, and after a bare dot a digit begins a number.
  const ambiguous = scope === "any" && (owner !== "" || /^\d/.test(key));
  const name = plain && !ambiguous ? key : `"${key.replace(/["\\]/g, "\\$&")}"`;
  return owner !== "" && scope === "any" ? `${prefix}${name}` : `${prefix}.${name}`;
}

/** A duration in nanoseconds as TraceQL writes it: `1m30s`, `250ms`. */
export function durationText(nano: number): string {
  const units = [
    ["h", 3_600e9],
    ["m", 60e9],
    ["s", 1e9],
    ["ms", 1e6],
    ["us", 1e3],
    ["ns", 1],
  ] as const;
  let rest = Math.max(0, Math.round(nano));
  if (rest === 0) return "0s";
  let text = "";
  for (const [unit, size] of units) {
    if (rest >= size) text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text;
}

/** The filter of a text as search means it: what reads as a number or a bool is one. */
export function literalOf(value: string): Literal {
  if (/^-?\d{1,18}$/.test(value)) return { type: "int", text: String(BigInt(value)) };
  if (/^-?\d{1,15}\.\d{1,15}$/.test(value)) return { type: "float", text: value };
  if (value === "true" || value === "false") return { type: "bool", text: value };
  return { type: "string", text: value };
}

function attributeCondition({ scope, key, operator, value = "" }: AttributeFilter): string {
  const field = attributeText(scope, key);
  if (operator === "exists") return `${field} != nil`;
  // Patterns of a search match anywhere, those of TraceQL the whole value.
  if (operator === "regex") return `${field} =~ ${quoted(`.*(?:${value}).*`)}`;
  return `${field} ${operator} ${literalText(literalOf(value))}`;
}

/** The query of spans that meet all conditions; `{ }` for none. */
export function filterQueryText(conditions: readonly string[]): string {
  return conditions.length === 0 ? "{ }" : `{ ${conditions.join(" && ")} }`;
}

/** A search as TraceQL. */
export function queryOfFilter(filter: SpanFilter): string {
  const { service, operation, kind, status, minDurationNano, maxDurationNano } = filter;
  return filterQueryText([
    ...(service === undefined ? [] : [`resource.service.name = ${quoted(service)}`]),
    ...(operation === undefined ? [] : [`name = ${quoted(operation)}`]),
    ...(kind === undefined ? [] : [`kind = ${kind}`]),
    ...(status === undefined ? [] : [`status = ${status}`]),
    ...(minDurationNano === undefined ? [] : [`duration >= ${durationText(minDurationNano)}`]),
    ...(maxDurationNano === undefined ? [] : [`duration <= ${durationText(maxDurationNano)}`]),
    ...filter.attributes.map(attributeCondition),
  ]);
}
