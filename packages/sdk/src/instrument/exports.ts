// Replaces what a module exports, also where a compiler has made that hard.

/** `exports` with another value for `name`: the same object where it allows it, else one in its place. */
export function replaceExport(
  exports: Record<string, unknown>,
  name: string,
  value: unknown,
): Record<string, unknown> {
  const found = Object.getOwnPropertyDescriptor(exports, name);
  if (found === undefined || found.writable === true || found.set !== undefined) {
    exports[name] = value;
    return exports;
  }
  if (found.configurable === true) {
    const { enumerable = true } = found;
    Object.defineProperty(exports, name, { configurable: true, enumerable, writable: true, value });
    return exports;
  }
  const enumerable = found.enumerable ?? true;
  return Object.create(exports, {
    [name]: { configurable: true, enumerable, writable: true, value },
  }) as Record<string, unknown>;
}
