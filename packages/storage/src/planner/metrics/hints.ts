// Hints of `with(...)` that a metrics query heeds. `sample` asks for an estimate where exact numbers would be
// slow: they are not, so the answer is exact; `most_recent` and the rest choose how Tempo looks for blocks.

import type { Hints } from "@clew/traceql";

const DEFAULT_EXEMPLARS = 100;

export interface MetricsHints {
  /** How many exemplars at most. */
  readonly exemplars: number;
  /** Whether a span counts as many times as it stands for. */
  readonly isExtrapolated: boolean;
}

/** `asked`: exemplars that the request asks for. */
export function metricsHints(hints: Hints, asked: number): MetricsHints {
  const exemplars = hints.get("exemplars");
  const extrapolate = hints.get("extrapolate");
  return {
    exemplars:
      exemplars?.type === "int"
        ? Math.max(0, Number(exemplars.value))
        : exemplars?.type === "bool"
          ? exemplars.value
            ? asked || DEFAULT_EXEMPLARS
            : 0
          : asked,
    isExtrapolated: extrapolate?.type === "bool" && extrapolate.value,
  };
}
