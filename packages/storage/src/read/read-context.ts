// What every read takes along besides its question.

import type { QueryLimits } from "../engines/engine.ts";

export interface ReadContext {
  readonly limits?: Partial<QueryLimits>;
  readonly signal?: AbortSignal;
  /** See `ReadOptions`. */
  readonly isLookup?: boolean;
}

/** A context for calls whose signal may be absent. */
export function readContext(
  limits: Partial<QueryLimits>,
  signal: AbortSignal | undefined,
): ReadContext {
  return signal === undefined ? { limits } : { limits, signal };
}
