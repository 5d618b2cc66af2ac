// Decimal numbers to IEEE 754 doubles, correctly rounded. Numbers of up to 15 digits with a small
// power of ten, nearly all there are, need one exact multiplication or division and no string.

import type { Words } from "./json-integer.ts";

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const POWERS = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * Parses the number in `source[from .. to]` and stores the bits of the double. `named` allows NaN,
 * Infinity and -Infinity. False when the text is not a number.
 */
export function parseDouble(
  into: Words,
  source: Uint8Array,
  from: number,
  to: number,
  named: boolean,
): boolean {
  let pos = source[from] === 45 ? from + 1 : from;
  const negative = pos > from;
  let mantissa = 0;
  let digits = 0;
  let scale = 0;
  let seenPoint = false;
  for (; pos < to; pos++) {
    const byte = source[pos] as number;
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48);
      digits++;
      if (seenPoint) scale++;
    } else if (byte === 46 && !seenPoint && digits > 0) seenPoint = true;
    else break;
  }
  const simple = pos === to && digits > 0 && digits <= 15 && (!seenPoint || scale > 0);
  if (!simple) return parseSlowly(into, source, from, to, named);
  const value = scale === 0 ? mantissa : mantissa / (POWERS[scale] as number);
  return storeDouble(into, negative ? -value : value);
}

/** Stores the bits of `value`. Always true. */
export function storeDouble(into: Words, value: number): true {
  double[0] = value;
  into.low = words[0] as number;
  into.high = words[1] as number;
  return true;
}

function parseSlowly(
  into: Words,
  source: Uint8Array,
  from: number,
  to: number,
  named: boolean,
): boolean {
  let text = "";
  if (to - from > 2000) return false;
  for (let i = from; i < to; i++) text += String.fromCharCode(source[i] as number);
  if (named && text === "NaN") return storeDouble(into, Number.NaN);
  if (named && text === "Infinity") return storeDouble(into, Number.POSITIVE_INFINITY);
  if (named && text === "-Infinity") return storeDouble(into, Number.NEGATIVE_INFINITY);
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return false;
  return storeDouble(into, Number(text));
}
