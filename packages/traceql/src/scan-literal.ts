// Literals of TraceQL: strings with Go's escapes, raw strings, integers, floats, and durations in the units of
// Prometheus (d w y too) and Go.

import type { Place } from "./ast.ts";
import type { Token } from "./token.ts";
import { MAX_INT } from "./vocabulary.ts";

const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const DURATION = /(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w|y))+/y;
const DURATION_PART = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h|d|w|y)/g;
const WORD_FOLLOWS = /[\p{L}\p{N}_.]+/uy;
const MAX_DIGITS = 60;

const HOUR = 3_600_000_000_000n;
const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: HOUR,
  d: 24n * HOUR,
  w: 168n * HOUR,
  y: 8760n * HOUR,
};

function matchAt(pattern: RegExp, text: string, start: number): string {
  pattern.lastIndex = start;
  return pattern.exec(text)?.[0] ?? "";
}

/** A number or duration that begins at `start` with a digit, or with a dot and a digit. */
export function scanNumber(text: string, start: number): Token {
  const duration = matchAt(DURATION, text, start);
  const number = duration === "" ? matchAt(NUMBER, text, start) : duration;
  const end = start + number.length;
  const tail = matchAt(WORD_FOLLOWS, text, end);
  const at = { start, end: end + tail.length };
  if (tail !== "") return notANumber(text, at);
  if (number.length > MAX_DIGITS) return { kind: "bad", at, reason: "a number of too many digits" };
  if (duration !== "") return durationToken(duration, at);
  if (/^\d+$/.test(number)) return intToken(number, at);
  const value = Number(number);
  if (!Number.isFinite(value)) return { kind: "bad", at, reason: `${number} is too large` };
  return { kind: "float", at, value };
}

function notANumber(text: string, at: Place): Token {
  const whole = text.slice(at.start, at.end);
  const hint = whole.startsWith(".")
    ? `an attribute whose name begins with a digit is quoted: ."${whole.slice(1)}"`
    : "units of durations are ns, us, ms, s, m, h, d, w and y: 1h30m, 1.5s";
  return { kind: "bad", at, reason: `${whole} is neither a number nor a duration`, hint };
}

function intToken(digits: string, at: Place): Token {
  const value = BigInt(digits);
  // One more than the largest is let through for the sake of its negative; the parser refuses it alone.
  if (value > MAX_INT + 1n)
    return { kind: "bad", at, reason: `${digits} does not fit into 64 bits` };
  return { kind: "int", at, value };
}

function durationToken(text: string, at: Place): Token {
  let value = 0n;
  for (const [, whole = "", fraction = "", unit = ""] of text.matchAll(DURATION_PART)) {
    const nanos = unitNanos[unit] ?? 0n;
    value += (BigInt(`${whole}${fraction}`) * nanos) / 10n ** BigInt(fraction.length);
  }
  if (value > MAX_INT) return { kind: "bad", at, reason: `${text} is longer than 292 years` };
  return { kind: "duration", at, value };
}

/** A string that begins at `start` with `"` or a backtick. */
export function scanString(text: string, start: number): Token {
  return text[start] === "`" ? scanRaw(text, start) : scanQuoted(text, start);
}

function scanRaw(text: string, start: number): Token {
  const close = text.indexOf("`", start + 1);
  if (close < 0) return unclosed(start, text.length, "`");
  const value = text.slice(start + 1, close).replaceAll("\r", "");
  return { kind: "string", at: { start, end: close + 1 }, value };
}

function scanQuoted(text: string, start: number): Token {
  let end = start + 1;
  while (end < text.length && text[end] !== '"' && text[end] !== "\n")
    end += text[end] === "\\" ? 2 : 1;
  if (text[end] !== '"') return unclosed(start, Math.min(end, text.length), '"');
  const at = { start, end: end + 1 };
  const body = text.slice(start + 1, end);
  if (!body.includes("\\")) return { kind: "string", at, value: body };
  const value = unescape(body);
  if (value !== undefined) return { kind: "string", at, value };
  return {
    kind: "bad",
    at,
    reason: "the string holds an escape that does not exist",
    hint: 'write a backslash twice ("\\\\d+"), or the string between backticks (`\\d+`)',
  };
}

function unclosed(start: number, end: number, mark: string): Token {
  const hint = mark === '"' ? "a string over several lines stands between backticks" : undefined;
  return { kind: "bad", at: { start, end }, reason: `the string is not closed with ${mark}`, hint };
}

const ESCAPE =
  /\\(?:([abfnrtv\\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[\s\S]?)|[^\\]+/g;
const plainEscapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/** Go's escapes; undefined for one that does not exist. `\x` and octal escapes are bytes of UTF-8. */
function unescape(body: string): string | undefined {
  const parts: (string | number)[] = [];
  for (const [part, plain, hex, octal, short, long] of body.matchAll(ESCAPE)) {
    if (!part.startsWith("\\")) parts.push(part);
    else if (plain !== undefined) parts.push(plainEscapes[plain] ?? "");
    else if (hex !== undefined) parts.push(Number.parseInt(hex, 16));
    else if (octal !== undefined) parts.push(Number.parseInt(octal, 8));
    else {
      const point = Number.parseInt(short ?? long ?? "", 16);
      if (!(point <= 0x10ffff) || (point >= 0xd800 && point < 0xe000)) return undefined;
      parts.push(String.fromCodePoint(point));
    }
  }
  if (parts.some((part) => typeof part === "number" && part > 255)) return undefined;
  return joinBytes(parts);
}

function joinBytes(parts: readonly (string | number)[]): string {
  if (!parts.some((part) => typeof part === "number" && part > 127))
    return parts
      .map((part) => (typeof part === "string" ? part : String.fromCharCode(part)))
      .join("");
  const encoder = new TextEncoder();
  const bytes = parts.flatMap((part) =>
    typeof part === "string" ? [...encoder.encode(part)] : [part],
  );
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
