// What a sampler is. It is asked once a trace and process, before anything of the span is built, and answers
// with a threshold as in OpenTelemetry's consistent probability sampling: a trace is kept when its 56 random
// bits reach the threshold. Here 52 of them count, which a number holds exactly.

import type { Attributes, SpanKind } from "@opentelemetry/api";

/** Not sampled. */
export const DROP = -1;
/** Sampled, and nobody can say how many spans it stands for. */
export const KEEP = -2;
/** Thresholds are below this. 0 keeps everything. */
export const THRESHOLD_END: number = 2 ** 52;

/** A span that is about to begin. */
export interface Candidate {
  readonly traceId: string;
  /** 52 random bits of the trace: the same for all who see it. */
  randomness(): number;
  readonly name: string;
  readonly kind: SpanKind;
  /** Attributes known at the start; made only when a sampler asks. */
  attributes(): Attributes;
  /** Whether the caller's half of the trace was kept; `undefined` for the first span of a trace. */
  readonly parentSampled: boolean | undefined;
}

/** Decides which traces are kept. */
export interface Sampler {
  /** A threshold that the trace's randomness has reached, `KEEP`, or `DROP`. Must not throw. */
  decide(candidate: Candidate): number;
  /** How it is configured, for the doctor. */
  toString(): string;
  /** Stops timers. */
  stop?(): void;
}

/** The threshold that keeps the given share (0 to 1) of all traces; `DROP` for 0 and less. */
export function thresholdOf(share: number): number {
  if (!(share > 0)) return DROP;
  if (share >= 1) return 0;
  // Five hex digits below the leading f's are more than anybody can measure, and keep headers short.
  const exact = (1 - share) * THRESHOLD_END;
  const unit = 2 ** Math.max(0, 32 + Math.floor(Math.log2(share)));
  return Math.min(Math.round(exact / unit) * unit, THRESHOLD_END - 1);
}

/** `threshold` as in the tracestate's `th`: hex digits of 56 bits without trailing zeros. */
export function thresholdText(threshold: number): string {
  if (threshold === 0) return "0";
  return threshold.toString(16).padStart(13, "0").replace(/0+$/, "");
}

/** 52 bits from the end of a trace id, which Trace Context level 2 says are random. */
export function traceRandomness(traceId: string): number {
  // The specification takes the last 56 bits; the lowest four of them make no difference here.
  return Number.parseInt(traceId.slice(18, 31), 16);
}

/** 52 bits of a tracestate's `rv`, or `undefined` when it is not valid. */
export function explicitRandomness(rv: string | undefined): number | undefined {
  if (rv === undefined || !/^[0-9a-f]{14}$/.test(rv)) return undefined;
  return Number.parseInt(rv.slice(0, 13), 16);
}
