// Protobuf for templates: a piece is encoded bytes plus the places in them that change with every use.
// Only set-up code builds pieces; a span is made by copying one and patching it.

/** What is written at a patch. Every patch keeps its width, so lengths around it stay true. */
export const Patch = {
  /** a = count of decimal digits, fresh. */
  Digits: 0,
  /** a = count of hex digits, fresh. */
  Hex: 1,
  /** a = offset into the trace's variables, b = length. */
  Variable: 2,
  /** The 13 characters of the other side's pod address. */
  Peer: 3,
  /** Varint of fixed width, a = lowest, b = highest value; small values are likelier. */
  Int: 4,
  /** Fixed64 double with two decimals, a = lowest, b = highest value in hundredths. */
  Double: 5,
  /** a = probability of true, per mille. */
  Bool: 6,
  /** Fixed64 event time, a = position between start and end, per mille. */
  EventTime: 7,
} as const;

/** Encoded bytes; `patches` holds four numbers a patch: kind, offset, a, b. */
export interface Piece {
  readonly bytes: readonly number[];
  readonly patches: readonly number[];
}

const encoder = new TextEncoder();

/** The varint of a non-negative safe integer. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}

/** Several pieces one after another. */
export function join(...pieces: readonly Piece[]): Piece {
  const bytes: number[] = [];
  const patches: number[] = [];
  for (const piece of pieces) {
    for (let i = 0; i < piece.patches.length; i += 4) {
      patches.push(
        piece.patches[i] as number,
        (piece.patches[i + 1] as number) + bytes.length,
        piece.patches[i + 2] as number,
        piece.patches[i + 3] as number,
      );
    }
    for (const byte of piece.bytes) bytes.push(byte);
  }
  return { bytes, patches };
}

/** Bytes that never change. */
export function fixed(bytes: readonly number[]): Piece {
  return { bytes, patches: [] };
}

/** A length-delimited field around `content`. */
export function field(number: number, content: Piece): Piece {
  return join(fixed([...varint(number * 8 + 2), ...varint(content.bytes.length)]), content);
}

/** A varint field. */
export function varintField(number: number, value: number): Piece {
  return fixed([...varint(number * 8), ...varint(value)]);
}

/** A fixed64 field of eight zero bytes, to be patched. */
export function fixed64Field(number: number, patch?: readonly [number, number]): Piece {
  const tag = varint(number * 8 + 1);
  const patches = patch === undefined ? [] : [patch[0], tag.length, patch[1], 0];
  return { bytes: [...tag, 0, 0, 0, 0, 0, 0, 0, 0], patches };
}

/** A fixed32 field. */
export function fixed32Field(number: number, value: number): Piece {
  const bytes = [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
  return fixed([...varint(number * 8 + 5), ...bytes]);
}

/** UTF-8 bytes of a text without placeholders. */
export function utf8(text: string): Piece {
  return fixed([...encoder.encode(text)]);
}
