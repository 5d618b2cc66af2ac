// One trace as a waterfall of text: the tree of spans on the left, their time as bars on the right.

import { layoutTrace, RowFlag, type TraceLayout } from "@clew/analysis";
import { formatDuration, oneLine } from "@clew/base";
import type { SpanBatch } from "@clew/model";

const MIN_WIDTH = 60;
const NAME_SHARE = 0.5;
const DURATION_WIDTH = 9;
const MAX_INDENT = 12;
/** More rows do not help on a terminal. */
const MAX_ROWS = 1000;

/** Lines for a terminal of `width` columns. */
export function waterfallText(batch: SpanBatch, width: number): string {
  const layout = layoutTrace(batch);
  const columns = Math.max(MIN_WIDTH, width);
  const nameWidth = Math.floor(columns * NAME_SHARE);
  const barWidth = columns - nameWidth - DURATION_WIDTH - 2;
  const shown = Math.min(layout.rowCount, MAX_ROWS);
  const lines = [headLine(layout)];
  for (let row = 0; row < shown; row++) {
    const duration = formatDuration(layout.duration[row] ?? 0).padStart(DURATION_WIDTH);
    lines.push(
      `${nameCell(batch, layout, row, nameWidth)} ${duration} ${bar(layout, row, barWidth)}`.trimEnd(),
    );
  }
  if (shown < layout.rowCount) lines.push(`and ${layout.rowCount - shown} more spans`);
  return `${lines.join("\n")}\n`;
}

function headLine(layout: TraceLayout): string {
  const errors = layout.errorCount === 0 ? "" : `, ${counted(layout.errorCount, "error")}`;
  const services = counted(layout.services.length, "service");
  const spans = counted(layout.spanCount, "span");
  return `${spans}, ${services}, ${formatDuration(layout.durationNano)}${errors}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function nameCell(batch: SpanBatch, layout: TraceLayout, row: number, width: number): string {
  const depth = layout.depth[row] ?? 0;
  const indent = "  ".repeat(Math.min(depth, MAX_INDENT));
  const deeper = depth > MAX_INDENT ? `(${depth}) ` : "";
  const flags = layout.flags[row] ?? 0;
  const sign = (flags & RowFlag.Error) !== 0 ? "! " : "";
  const service = layout.services[layout.service[row] ?? 0] ?? "";
  const span = layout.span[row] ?? -1;
  const name = span < 0 ? "(not received)" : batch.strings.text(batch.name[span] ?? 0);
  const text = `${indent}${deeper}${sign}${oneLine(service, 60)} ${oneLine(name, 120)}`;
  return oneLine(text, width).padEnd(width);
}

function bar(layout: TraceLayout, row: number, width: number): string {
  const whole = layout.durationNano === 0 ? 1 : layout.durationNano;
  const start = layout.start[row] ?? 0;
  const from = Math.min(width - 1, Math.floor((start / whole) * width));
  const to = Math.ceil(((start + (layout.duration[row] ?? 0)) / whole) * width);
  return " ".repeat(from) + "█".repeat(Math.max(1, Math.min(width, to) - from));
}
