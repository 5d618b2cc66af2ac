// Where a found trace opens.

import type { TraceSummary } from "@clew/model";
import { printRoute } from "../../router/routes.ts";

/** The trace's address, at the span that matched. */
export function traceAddress(trace: TraceSummary): string {
  return printRoute("trace", trace.traceId, { span: trace.matched.spanId });
}
