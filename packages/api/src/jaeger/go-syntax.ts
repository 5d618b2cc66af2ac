// Parameters in Go's own syntax, because Jaeger's clients write and its errors quote Go: strconv's
// integers, booleans and floats, time.ParseDuration, RFC 3339 times. Errors are in Go's words.

import { ClewError } from "@clew/base";
import { isoNano, keptNano } from "../native/time.ts";

const longestShown = 200;
const unitNano: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  "\u00b5s": 1000n, // micro sign
  "\u03bcs": 1000n, // Greek mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const mostInt64 = (1n << 63n) - 1n;

/** `bad_request` in Jaeger's words for a parameter that does not parse. */
export function parseError(name: string, problem: string): ClewError {
  return new ClewError("bad_request", `unable to parse param '${name}': ${problem}`);
}

function quoted(text: string): string {
  const shown = text.length > longestShown ? `${text.slice(0, longestShown)}...` : text;
  return JSON.stringify(shown);
}

/** A whole number of `bits` bits. Raises {@link parseError}. */
export function goInteger(name: string, text: string, bits: 32 | 64): bigint {
  if (!/^[+-]?\d+$/.test(text))
    throw parseError(name, `strconv.ParseInt: parsing ${quoted(text)}: invalid syntax`);
  // Twenty digits are beyond 64 bits; a long text is not worth a BigInt.
  const value = text.length > 40 ? mostInt64 + 1n : BigInt(text.replace("+", ""));
  if (BigInt.asIntN(bits, value) !== value)
    throw parseError(name, `strconv.ParseInt: parsing ${quoted(text)}: value out of range`);
  return value;
}

/** `1`, `t`, `true` and the like. Raises {@link parseError}. */
export function goBoolean(name: string, text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw parseError(name, `strconv.ParseBool: parsing ${quoted(text)}: invalid syntax`);
}

/** A decimal number. Raises {@link parseError}. */
export function goFloat(name: string, text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw parseError(name, `strconv.ParseFloat: parsing ${quoted(text)}: invalid syntax`);
}

/** Nanoseconds of `1.5s`, `2h45m`; never negative, because no span lasts less than nothing. Raises {@link parseError}. */
export function goDuration(name: string, text: string): bigint {
  const problem = (what: string): ClewError => parseError(name, `time: ${what}`);
  const unsigned = text.replace(/^[+-]/, "");
  if (unsigned === "0") return 0n;
  if (unsigned === "" || text.length > longestShown)
    throw problem(`invalid duration ${quoted(text)}`);
  let nano = 0n;
  for (let rest = unsigned; rest !== ""; ) {
    const match = /^(\d*)(?:\.(\d*))?([^\d.]*)/.exec(rest);
    const [part = "", whole = "", fraction = "", unit = ""] = match ?? [];
    if (whole === "" && fraction === "") throw problem(`invalid duration ${quoted(text)}`);
    if (unit === "") throw problem(`missing unit in duration ${quoted(text)}`);
    const scale = unitNano[unit];
    if (scale === undefined)
      throw problem(`unknown unit ${quoted(unit)} in duration ${quoted(text)}`);
    const digits = fraction.slice(0, 18);
    nano +=
      BigInt(whole || "0") * scale + (BigInt(digits || "0") * scale) / 10n ** BigInt(digits.length);
    rest = rest.slice(part.length);
  }
  if (nano > mostInt64) throw problem(`invalid duration ${quoted(text)}`);
  return text.startsWith("-") ? 0n : nano;
}

/** Nanoseconds of an RFC 3339 time, the nearest that the store can hold; undefined when it is none. */
export function rfc3339(text: string): bigint | undefined {
  const nano = /^\d{4}-\d\d-\d\d[Tt]/.test(text) ? isoNano(text) : undefined;
  return nano === undefined ? undefined : keptNano(nano);
}
