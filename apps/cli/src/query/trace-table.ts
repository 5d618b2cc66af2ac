// Traces that a TraceQL query found, as lines of a table, with the spans that matched below each.

import { formatDuration, oneLine } from "@clew/base";
import type { ResultSpanset, ResultTrace, TraceqlSearchResult } from "@clew/model";
import { tableLines } from "./columns-text.ts";
import { costText } from "./cost-text.ts";
import { valuesText } from "./typed-value-text.ts";

const MAX_NAME = 40;

const columns = [
  { title: "START" },
  { title: "DURATION", align: "right" },
  { title: "SPANS", align: "right" },
  { title: "ERRORS", align: "right" },
  { title: "MATCHED", align: "right" },
  { title: "TRACE ID" },
  { title: "ROOT" },
] as const;

/** A table, and a last line that says what there is more of. */
export function searchText(result: TraceqlSearchResult, withSpans: boolean): string {
  if (result.traces.length === 0) return `no traces match ${costText(result.cost)}\n`;
  const [head = "", ...rows] = tableLines(columns, result.traces.map(traceRow));
  const lines = [head];
  result.traces.forEach((trace, at) => {
    lines.push(rows[at] ?? "");
    if (withSpans) lines.push(...trace.spansets.flatMap(spansetLines));
  });
  lines.push(
    "",
    `${result.traces.length} traces${result.nextCursor === undefined ? "" : ", and more"}`,
  );
  return `${lines.join("\n")} ${costText(result.cost)}\n`;
}

function traceRow(trace: ResultTrace): readonly string[] {
  const matched = trace.spansets.reduce((sum, spanset) => sum + spanset.matched, 0);
  const root =
    trace.rootName === undefined
      ? "(root not yet received)"
      : `${oneLine(trace.rootService ?? "", MAX_NAME)}  ${oneLine(trace.rootName, MAX_NAME)}`;
  return [
    timeText(trace.startUnixNano),
    formatDuration(Number(trace.durationNano)),
    String(trace.spanCount),
    trace.errorCount === 0 ? "" : String(trace.errorCount),
    String(matched),
    trace.traceId,
    root,
  ];
}

function spansetLines(spanset: ResultSpanset): readonly string[] {
  const lines = spanset.values.length === 0 ? [] : [`    ${valuesText(spanset.values)}`];
  for (const span of spanset.spans) {
    const duration = formatDuration(Number(span.durationNano));
    const name = oneLine(span.name, MAX_NAME);
    lines.push(
      `    ${span.spanId}  ${duration.padStart(8)}  ${name}  ${valuesText(span.values)}`.trimEnd(),
    );
  }
  const rest = spanset.matched - spanset.spans.length;
  if (rest > 0) lines.push(`    and ${rest} more`);
  return lines;
}

/** Local time to the millisecond. */
export function timeText(unixNano: string): string {
  const ms = Number(BigInt(unixNano) / 1_000_000n);
  const at = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `${day} ${clock}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
