// Traces as text, for the message of a failed assertion.

import type { TraceFacts } from "@clew/analysis";
import type { SpanFacts } from "@clew/model";

const MOST_SPANS = 50;

/** One line a span, children under their parents. */
export function traceText(trace: TraceFacts): string {
  const lines: string[] = [];
  const seen = new Set<SpanFacts>();
  const add = (span: SpanFacts, depth: number): void => {
    if (seen.has(span) || lines.length > MOST_SPANS) return;
    seen.add(span);
    lines.push(`${"  ".repeat(Math.min(depth, 20))}${spanText(span)}`);
    for (const child of trace.childrenOf(span)) add(child, depth + 1);
  };
  for (const span of trace.spans) if (trace.parentOf(span) === undefined) add(span, 0);
  for (const span of trace.spans) add(span, 0);
  const rest = trace.spans.length - seen.size;
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}

function spanText(span: SpanFacts): string {
  const status = span.status === "unset" ? "" : ` ${span.status}`;
  const milliseconds = Number((span.durationNano / 1e6).toPrecision(3));
  return `${span.service}: ${span.name} (${span.kind}${status}, ${milliseconds} ms)`;
}
