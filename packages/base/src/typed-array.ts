// Growth of typed-array columns: capacity doubles, so appending is amortised constant time.

type Column =
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** Returns `column` itself, or a zero-filled copy with room for at least `needed` elements. */
export function grown<T extends Column>(column: T, needed: number): T {
  if (column.length >= needed) return column;
  const capacity = Math.max(needed, column.length * 2, 16);
  const Constructor = column.constructor as new (length: number) => T;
  const larger = new Constructor(capacity);
  larger.set(column);
  return larger;
}
