// Developer errors crash loudly here; input from outside never reaches these checks.

/** Throws when `condition` is false. For states that only a bug in Clew can cause. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Returns `value`, throwing when it is undefined. For look-ups that a bug alone can miss. */
export function defined<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(`assertion failed: ${message}`);
  return value;
}
