// Trace and span ids: bytes inside, lower-case hex outside.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Bytes `source[start .. start + length]` as lower-case hex. */
export function toHex(
  source: Uint8Array,
  start = 0,
  length: number = source.length - start,
): string {
  let text = "";
  for (let i = 0; i < length; i++) text += HEX[source[start + i] as number];
  return text;
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Bytes of a hex text of either case; undefined when it is not hex or of odd length. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = nibble(text.charCodeAt(i * 2));
    const low = nibble(text.charCodeAt(i * 2 + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** True when every byte of `source[start .. start + length]` is zero: OTLP's "no id". */
export function isZero(source: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (source[start + i] !== 0) return false;
  return true;
}
