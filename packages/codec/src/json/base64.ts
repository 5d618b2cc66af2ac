// Base64 (RFC 4648): written with the standard alphabet and padding, read in either alphabet with
// or without padding.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i;
VALUES[45] = 62; // -
VALUES[95] = 63; // _

/** `bytes` as padded standard base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  let i = 0;
  for (; i + 3 <= bytes.length; i += 3) {
    const group =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text += quartet(group);
  }
  const rest = bytes.length - i;
  if (rest === 1) text += `${quartet((bytes[i] as number) << 16).slice(0, 2)}==`;
  if (rest === 2) {
    const group = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8);
    text += `${quartet(group).slice(0, 3)}=`;
  }
  return text;
}

/**
 * Decodes the base64 text in `source[from .. to]` to the front of `target`, which must have room for
 * three quarters of it. Returns the number of bytes, or -1 when the text is not base64.
 */
export function fromBase64(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
): number {
  let end = to;
  while (end > from && to - end < 2 && source[end - 1] === 61) end--;
  if ((end - from) % 4 === 1 || (end !== to && (to - from) % 4 !== 0)) return -1;
  let length = 0;
  let group = 0;
  let bits = 0;
  for (let i = from; i < end; i++) {
    const value = VALUES[source[i] as number] as number;
    if (value < 0) return -1;
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      target[length++] = (group >>> bits) & 0xff;
    }
  }
  return length;
}

function quartet(group: number): string {
  return (
    ALPHABET.charAt(group >>> 18) +
    ALPHABET.charAt((group >>> 12) & 63) +
    ALPHABET.charAt((group >>> 6) & 63) +
    ALPHABET.charAt(group & 63)
  );
}
