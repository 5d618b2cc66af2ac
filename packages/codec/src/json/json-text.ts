// JSON string escapes: from escaped bytes to UTF-8, and from text to an escaped literal.

/**
 * Writes the string body `source[from .. to]` without its escapes to the front of `target`, which
 * must be at least as long. A surrogate without its other half becomes U+FFFD. Returns the length,
 * or -1 for an unknown escape or a control character.
 */
export function unescapeInto(
  target: Uint8Array,
  source: Uint8Array,
  from: number,
  to: number,
): number {
  let length = 0;
  let pos = from;
  while (pos < to) {
    const byte = source[pos++] as number;
    if (byte < 32) return -1;
    if (byte !== 92) {
      target[length++] = byte;
      continue;
    }
    const kind = source[pos++] as number;
    if (kind !== 117) {
      const plain = plainEscape(kind);
      if (plain < 0) return -1;
      target[length++] = plain;
      continue;
    }
    let code = hexUnit(source, pos, to);
    if (code < 0) return -1;
    pos += 4;
    if (code >= 0xd800 && code < 0xe000) {
      const escapeFollows = source[pos] === 92 && source[pos + 1] === 117;
      const next = escapeFollows ? hexUnit(source, pos + 2, to) : -1;
      if (code < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
        pos += 6;
      } else code = 0xfffd;
    }
    length = putCodePoint(target, length, code);
  }
  return length;
}

function plainEscape(kind: number): number {
  switch (kind) {
    case 34:
    case 92:
    case 47:
      return kind;
    case 98:
      return 8;
    case 102:
      return 12;
    case 110:
      return 10;
    case 114:
      return 13;
    case 116:
      return 9;
    default:
      return -1;
  }
}

function hexUnit(source: Uint8Array, pos: number, to: number): number {
  if (pos + 4 > to) return -1;
  let unit = 0;
  for (let i = 0; i < 4; i++) {
    const digit = hexDigit(source[pos + i] as number);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

const HEX_DIGITS = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit;
  HEX_DIGITS[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
}

/** Value of a hex digit of either case given as its ASCII code, or -1. */
export function hexDigit(code: number): number {
  return HEX_DIGITS[code] as number;
}

function putCodePoint(target: Uint8Array, at: number, code: number): number {
  let length = at;
  if (code < 0x80) target[length++] = code;
  else if (code < 0x800) {
    target[length++] = 0xc0 | (code >> 6);
    target[length++] = 0x80 | (code & 63);
  } else if (code < 0x10000) {
    target[length++] = 0xe0 | (code >> 12);
    target[length++] = 0x80 | ((code >> 6) & 63);
    target[length++] = 0x80 | (code & 63);
  } else {
    target[length++] = 0xf0 | (code >> 18);
    target[length++] = 0x80 | ((code >> 12) & 63);
    target[length++] = 0x80 | ((code >> 6) & 63);
    target[length++] = 0x80 | (code & 63);
  }
  return length;
}
