// Sets how many spans each span stands for, from the rejection threshold that consistent probability
// sampling puts into W3C tracestate: `ot=th:<1 to 14 hex digits>`. The digits are the top of a 56-bit
// threshold T; the span was kept with probability (2^56 - T) / 2^56.
// Spec: OpenTelemetry, "TraceState: Probability Sampling", th value.

import type { SpanBatch } from "@clew/model";

const RANGE = 1n << 56n;

/** Sets `adjustedCount` of the spans from row `from` on. */
export function setAdjustedCounts(batch: SpanBatch, from: number): void {
  let lastState = 0;
  let lastCount = 1;
  for (let row = from; row < batch.length; row++) {
    const state = batch.traceState[row] as number;
    if (state !== lastState) {
      lastState = state;
      lastCount = state === 0 ? 1 : adjustedCount(batch.strings.text(state));
    }
    batch.adjustedCount[row] = lastCount;
  }
}

/** Adjusted count that a tracestate header implies; 1 when it has no valid threshold. */
export function adjustedCount(traceState: string): number {
  for (const member of traceState.split(",")) {
    const [key, value] = splitOnce(member.trim(), "=");
    if (key !== "ot" || value === undefined) continue;
    for (const entry of value.split(";")) {
      const [name, digits] = splitOnce(entry, ":");
      if (name === "th" && digits !== undefined && /^[0-9a-f]{1,14}$/.test(digits)) {
        // Whole numbers, for a double rounds the largest thresholds up to certain rejection.
        return 2 ** 56 / Number(RANGE - BigInt(`0x${digits.padEnd(14, "0")}`));
      }
    }
  }
  return 1;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
