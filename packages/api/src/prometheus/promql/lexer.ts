// Tokens of PromQL: https://prometheus.io/docs/prometheus/latest/querying/basics/

import { promqlError } from "./errors.ts";

export interface Token {
  /** `symbol` holds operators and punctuation; `end` is the end of the text. */
  readonly type: "name" | "number" | "duration" | "string" | "symbol" | "end";
  /** As written; strings without quotes and escapes. */
  readonly text: string;
  /** Of numbers; of durations in milliseconds. */
  readonly value: number;
  readonly at: number;
}

const blank = /(?:\s+|#[^\n]*)+/y;
const duration =
  /(?=\d)(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?(?<=[a-z])(?![A-Za-z0-9_])/y;
const number =
  /(?:0[xX][0-9a-fA-F]+|(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![A-Za-z0-9_])/y;
const name = /[A-Za-z_:][A-Za-z0-9_:]*/y;
const symbol = /==|!=|>=|<=|=~|!~|[-+*/%^=<>(){}[\],@:]/y;
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** All tokens, the last of type `end`. Raises `bad_request` for characters that begin none. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] || undefined;
  };
  for (;;) {
    at += match(blank)?.length ?? 0;
    if (at >= text.length) break;
    const letter = text[at] ?? "";
    if (letter === '"' || letter === "'" || letter === "`") {
      const { value, end } = quoted(text, at);
      tokens.push({ type: "string", text: value, value: 0, at });
      at = end;
      continue;
    }
    const token = tokenAt(match, at);
    if (token === undefined)
      throw promqlError(text, at, `unexpected character: ${JSON.stringify(letter)}`);
    tokens.push(token);
    at += token.text.length;
  }
  tokens.push({ type: "end", text: "", value: 0, at: text.length });
  return tokens;
}

function tokenAt(match: (pattern: RegExp) => string | undefined, at: number): Token | undefined {
  const time = match(duration);
  if (time !== undefined) return { type: "duration", text: time, value: milliseconds(time), at };
  const digits = match(number);
  if (digits !== undefined) {
    return { type: "number", text: digits, value: Number(digits.replaceAll("_", "")), at };
  }
  const word = match(name);
  if (word !== undefined) return { type: "name", text: word, value: 0, at };
  const sign = match(symbol);
  return sign === undefined ? undefined : { type: "symbol", text: sign, value: 0, at };
}

function milliseconds(text: string): number {
  let total = 0;
  for (const [, count, unit = ""] of text.matchAll(/(\d+)(ms|[smhdwy])/g))
    total += Number(count) * (unitMs[unit] ?? 0);
  return total;
}

const escapes: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
const escape =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y;

/** A string literal at `at`, with Go's escapes unless its quotes are backticks. */
function quoted(text: string, at: number): { value: string; end: number } {
  const quote = text[at] as string;
  let value = "";
  for (let i = at + 1; i < text.length; i++) {
    const letter = text[i] as string;
    if (letter === quote) return { value, end: i + 1 };
    if (letter === "\n" && quote !== "`") break;
    if (letter !== "\\" || quote === "`") {
      value += letter;
      continue;
    }
    escape.lastIndex = i;
    const match = escape.exec(text);
    if (match === null) throw promqlError(text, i, "unknown escape sequence");
    const [whole, one, hex, short, long, octal] = match;
    const code = hex ?? short ?? long;
    if (one !== undefined) value += escapes[one] ?? one;
    else {
      const point =
        code === undefined ? Number.parseInt(octal ?? "0", 8) : Number.parseInt(code, 16);
      if (point > 0x10ffff) throw promqlError(text, i, "escape sequence is no Unicode character");
      value += String.fromCodePoint(point);
    }
    i += whole.length - 1;
  }
  throw promqlError(text, at, "unterminated quoted string");
}
