export { checkTrace } from "./expect/check.ts";
export type {
  CountRange,
  Finding,
  FindingKind,
  SpanExpectation,
  SpanMatch,
  TextMatch,
  TraceExpectation,
  ValueMatch,
} from "./expect/expectation.ts";
export { matchesSpan, matchesText } from "./expect/match.ts";
export { TraceFacts } from "./expect/trace-facts.ts";
export { clocksDisagree } from "./health/clock-tally.ts";
export { type HealthSpan, TraceHealthTally } from "./health/trace-health.ts";
export { childRows, rootRows } from "./trace/child-rows.ts";
export { compareTraces, type TraceDifference } from "./trace/compare-traces.ts";
export { criticalPath, type PathSegment } from "./trace/critical-path.ts";
export { layoutTrace } from "./trace/layout.ts";
export { selfTimes } from "./trace/self-time.ts";
export { layoutTransfers, RowFlag, type TraceLayout, warningFlags } from "./trace/trace-layout.ts";
