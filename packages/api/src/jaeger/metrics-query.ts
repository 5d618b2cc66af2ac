// The parameters of the Monitor tab's questions, and the steps of its answers.

import { ClewError } from "@clew/base";
import type { SpanKindName, TimeRange } from "@clew/model";
import { goFloat, goInteger, parseError } from "./go-syntax.ts";
import { kindOf } from "./names.ts";
import type { JaegerCall } from "./options.ts";
import { lookbackRange } from "./search-parameters.ts";

const usualStepMs = 5000n;
const hourMs = 3_600_000n;
const minuteNano = 60_000_000_000n;

export interface MetricsQuery {
  readonly range: TimeRange;
  readonly stepNano: number;
  readonly kinds: readonly SpanKindName[];
  /** Nothing has happened after it. */
  readonly nowNano: bigint;
}

/** A value at the end of its step. */
export interface Point {
  readonly endNano: bigint;
  readonly value: number;
}

/** The `quantile` parameter. Raises `bad_request`. */
export function readQuantile({ query }: JaegerCall): number {
  const quantile = goFloat("quantile", query.one("quantile") ?? "");
  if (quantile >= 0 && quantile <= 1) return quantile;
  throw parseError("quantile", "a quantile is between 0 and 1");
}

/** Range, step and kinds. Raises `bad_request` in Jaeger's words. */
export function readMetricsQuery({ query, nowNano }: JaegerCall): MetricsQuery {
  const kinds = query.all("spanKind").filter((text) => text !== "");
  const step = query.one("step");
  const ratePer = query.one("ratePer");
  const stepMs = step === undefined ? usualStepMs : goInteger("step", step, 64);
  if (stepMs <= 0n) throw parseError("step", `${stepMs} is not positive`);
  if (ratePer !== undefined) goInteger("ratePer", ratePer, 64);
  const range = lookbackRange(query, nowNano, hourMs);
  if (range.startNano >= range.endNano)
    throw new ClewError("bad_request", "'lookback' should be positive");
  return {
    range,
    stepNano: Number(stepMs) * 1_000_000,
    kinds:
      kinds.length === 0 ? ["server"] : [...new Set(kinds.map((text) => kindOf(text, "spanKind")))],
    nowNano,
  };
}

/** Where step `at` of a series ends, and how many of its seconds have been. */
export function stepAt(
  series: { readonly startUnixNano: string; readonly stepNano: number },
  at: number,
  range: TimeRange,
  nowNano: bigint,
): { endNano: bigint; seconds: number } {
  const width = BigInt(series.stepNano);
  const start = BigInt(series.startUnixNano) + BigInt(at) * width;
  // The store counts whole minutes, those of the range's ends too; but none has spans after now.
  const wholeEnd = ((range.endNano + minuteNano - 1n) / minuteNano) * minuteNano;
  const last = wholeEnd < nowNano ? wholeEnd : nowNano;
  const end = start + width < last ? start + width : last;
  const seconds = Math.max(1, Number(end - start) / 1e9);
  return { endNano: end > start ? end : start, seconds };
}
