// What every read takes along besides its question.

import type { QueryLimits } from "../engines/engine.ts";

export interface ReadContext {
  readonly limits?: Partial<QueryLimits>;
  readonly signal?: AbortSignal;
}

/** Settings of a read of a few granules: more threads than one cost more to start than they save. */
export const SMALL_READ: Readonly<Record<string, number>> = { max_threads: 1 };

/** A context for calls whose signal may be absent. */
export function readContext(
  limits: Partial<QueryLimits>,
  signal: AbortSignal | undefined,
): ReadContext {
  return signal === undefined ? { limits } : { limits, signal };
}
