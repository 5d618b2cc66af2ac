export { layoutTrace } from "./trace/layout.ts";
export { layoutTransfers, RowFlag, type TraceLayout, warningFlags } from "./trace/trace-layout.ts";
