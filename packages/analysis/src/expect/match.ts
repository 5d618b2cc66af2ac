// Whether a span or a value is what is meant, and how both read in a sentence.

import type { FactValue, SpanFacts } from "@clew/model";
import type { CountRange, SpanMatch, TextMatch, ValueMatch } from "./expectation.ts";

export function matchesText(text: string, expected: TextMatch | undefined): boolean {
  if (expected === undefined) return true;
  return typeof expected === "string"
    ? text === expected
    : new RegExp(expected.source, expected.flags.replace(/[gy]/g, "")).test(text);
}

export function matchesSpan(span: SpanFacts, match: SpanMatch): boolean {
  return (
    matchesText(span.service, match.service) &&
    matchesText(span.name, match.name) &&
    (match.kind === undefined || span.kind === match.kind) &&
    (match.status === undefined || span.status === match.status)
  );
}

/** `actual` is undefined where the span has no such attribute. */
export function matchesValue(actual: FactValue, expected: ValueMatch): boolean {
  if (expected instanceof RegExp)
    return typeof actual === "string" && matchesText(actual, expected);
  if (!isConstraint(expected)) return isSame(actual, expected);
  const { exists, min, max, oneOf } = expected;
  if (exists !== undefined && exists !== (actual !== undefined)) return false;
  if (exists === false) return true;
  const number =
    typeof actual === "bigint" || typeof actual === "number" ? Number(actual) : Number.NaN;
  if (min !== undefined && !(number >= min)) return false;
  if (max !== undefined && !(number <= max)) return false;
  return oneOf === undefined || oneOf.some((one) => isSame(actual, one));
}

interface Constraint {
  readonly exists?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: readonly FactValue[];
}

const constraintKeys = new Set(["exists", "min", "max", "oneOf"]);

function isConstraint(expected: ValueMatch): expected is Constraint {
  if (typeof expected !== "object" || expected === null || Array.isArray(expected)) return false;
  const keys = Object.keys(expected);
  return keys.length > 0 && keys.every((key) => constraintKeys.has(key));
}

/** Equal in value: 200 of a file and 200n of a span are the same number. */
function isSame(a: FactValue, b: FactValue): boolean {
  if (typeof a === "bigint" && typeof b === "number") return Number.isInteger(b) && a === BigInt(b);
  if (typeof a === "number" && typeof b === "bigint") return isSame(b, a);
  if (Array.isArray(a) && Array.isArray(b))
    return (
      a.length === b.length && a.every((one, at) => isSame(one as FactValue, b[at] as FactValue))
    );
  if (typeof a !== "object" || typeof b !== "object" || a === undefined || b === undefined)
    return Object.is(a, b);
  if (Array.isArray(a) || Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, FactValue>>;
  const right = b as Readonly<Record<string, FactValue>>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => key in right && isSame(left[key], right[key]))
  );
}

export function isInRange(count: number, range: CountRange): boolean {
  return count >= range.min && count <= range.max;
}

/** `2`, `at least 1`, `2 to 5` */
export function rangeText({ min, max }: CountRange): string {
  if (min === max) return String(min);
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
}

function matchText(match: TextMatch): string {
  return typeof match === "string" ? JSON.stringify(match) : String(match);
}

/** `server span "POST /orders" of orders with status error` */
export function describeMatch(match: SpanMatch): string {
  const kind = match.kind === undefined ? "span" : `${match.kind} span`;
  const name = match.name === undefined ? "" : ` ${matchText(match.name)}`;
  const service =
    match.service === undefined
      ? ""
      : ` of ${typeof match.service === "string" ? match.service : String(match.service)}`;
  const status = match.status === undefined ? "" : ` with status ${match.status}`;
  return `${kind}${name}${service}${status}`;
}

/** `"GET /cart" of shop` */
export function describeSpan(span: SpanFacts): string {
  return `${JSON.stringify(span.name)} of ${span.service}`;
}

export function describeValue(value: ValueMatch): string {
  if (value === undefined) return "absent";
  if (value instanceof RegExp) return String(value);
  return (
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? Number(part) : part)) ??
    "absent"
  );
}
