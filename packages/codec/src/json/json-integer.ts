// 64-bit integers in decimal, exact beyond 2^53, without BigInt.

const WORD = 4294967296;

/** Where the two words of a number go. */
export interface Words {
  low: number;
  high: number;
}

/**
 * Parses the decimal `source[from .. to]` into `into`: two's complement when `signed`. Also takes
 * numbers such as 1e3 or 2.0 whose value is an integer below 2^53. False when it is not an integer
 * or does not fit 64 bits.
 */
export function parseInteger(
  into: Words,
  source: Uint8Array,
  from: number,
  to: number,
  signed: boolean,
): boolean {
  const negative = from < to && source[from] === 45;
  let pos = negative ? from + 1 : from;
  if (pos === to || (negative && !signed && to - pos > 1)) return false;
  const exactEnd = Math.min(to, pos + 15);
  let value = 0;
  for (; pos < exactEnd; pos++) {
    const digit = (source[pos] as number) - 48;
    if (digit < 0 || digit > 9) return parseFraction(into, source, from, to, signed);
    value = value * 10 + digit;
  }
  let high = Math.floor(value / WORD);
  let low = value - high * WORD;
  for (; pos < to; pos++) {
    const digit = (source[pos] as number) - 48;
    if (digit < 0 || digit > 9) return parseFraction(into, source, from, to, signed);
    low = low * 10 + digit;
    const carry = Math.floor(low / WORD);
    low -= carry * WORD;
    high = high * 10 + carry;
    if (high >= WORD) return false;
  }
  return store(into, low, high, negative, signed);
}

function store(
  into: Words,
  low: number,
  high: number,
  negative: boolean,
  signed: boolean,
): boolean {
  if (!negative) {
    if (signed && high >= 0x80000000) return false;
    into.low = low;
    into.high = high;
    return true;
  }
  if (low === 0 && high === 0) {
    into.low = 0;
    into.high = 0;
    return true;
  }
  if (!signed || high > 0x80000000 || (high === 0x80000000 && low > 0)) return false;
  into.low = -low >>> 0;
  into.high = (~high + (low === 0 ? 1 : 0)) >>> 0;
  return true;
}

function parseFraction(
  into: Words,
  source: Uint8Array,
  from: number,
  to: number,
  signed: boolean,
): boolean {
  let text = "";
  if (to - from > 40) return false;
  for (let i = from; i < to; i++) text += String.fromCharCode(source[i] as number);
  if (!/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return false;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) return false;
  const magnitude = Math.abs(value);
  const high = Math.floor(magnitude / WORD);
  return store(into, magnitude - high * WORD, high, value < 0, signed);
}
