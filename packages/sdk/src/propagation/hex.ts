// Ids as the older formats write them: of various lengths, in either case.

const HEX = /^[0-9a-f]+$/;

/**
 * `text` as `digits` lower-case hex digits, filled up with zeros on the left; `undefined` when it is no
 * number in hex, is longer than that, or is zero.
 */
export function paddedHex(text: string | undefined, digits: number): string | undefined {
  if (text === undefined || text.length > digits) return undefined;
  const lower = text.toLowerCase();
  if (!HEX.test(lower) || /^0+$/.test(lower)) return undefined;
  return lower.padStart(digits, "0");
}

/** A trace id and a span id that are both there, or nothing. */
export function idPair(
  trace: string | undefined,
  span: string | undefined,
): { readonly traceId: string; readonly spanId: string } | undefined {
  const traceId = paddedHex(trace, 32);
  const spanId = paddedHex(span, 16);
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}
