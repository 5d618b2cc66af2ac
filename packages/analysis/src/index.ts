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
export { edgeName, type FactValue, type SpanFacts, TraceFacts } from "./expect/span-facts.ts";
export { type HealthSpan, TraceHealthTally } from "./health/trace-health.ts";
export { layoutTrace } from "./trace/layout.ts";
export { layoutTransfers, RowFlag, type TraceLayout, warningFlags } from "./trace/trace-layout.ts";
