// An open trace on the main thread: its columns, its layout, and the few texts of a row that are asked
// for when the row is on screen.

import { RowFlag, type TraceLayout, warningFlags } from "@clew/analysis";
import { oneLine } from "@clew/base";
import { type SpanBatch, type SpanKindName, spanKindNames, toHex } from "@clew/model";

export interface TraceModel {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly batch: SpanBatch;
  readonly layout: TraceLayout;
}

/** Hex id of the span that the row shows; for a placeholder the id that its children name as parent. */
export function spanIdOf({ batch, layout }: TraceModel, row: number): string {
  const span = layout.span[row] as number;
  if (span >= 0) return toHex(batch.spanIds, span * 8, 8);
  return toHex(batch.parentIds, (layout.span[row + 1] as number) * 8, 8);
}

/** Row of the first span with the hex id, or of the placeholder for it; -1 when there is none. */
export function rowOfSpanId(model: TraceModel, spanId: string): number {
  const { batch, layout } = model;
  const ids = batch.spanIds;
  const wanted = Uint8Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(spanId.slice(i * 2, i * 2 + 2), 16),
  );
  for (let span = 0; span < batch.length; span++) {
    let same = true;
    for (let i = 0; same && i < 8; i++) same = ids[span * 8 + i] === wanted[i];
    if (same) return layout.rowOfSpan[span] as number;
  }
  if (layout.orphanCount === 0) return -1;
  return layout.span.findIndex((span, row) => span < 0 && spanIdOf(model, row) === spanId);
}

/** The operation's name on one line. */
export function nameOf({ batch, layout }: TraceModel, row: number): string {
  const span = layout.span[row] as number;
  if (span < 0) return "Span not received";
  const name = batch.strings.text(batch.name[span] as number);
  return name === "" ? "(no name)" : oneLine(name, 300);
}

/** The service's name on one line; empty for placeholders. */
export function serviceOf({ layout }: TraceModel, row: number): string {
  if ((layout.span[row] as number) < 0) return "";
  return oneLine(layout.services[layout.service[row] as number] ?? "", 100);
}

export function kindOf({ batch, layout }: TraceModel, row: number): SpanKindName {
  const span = layout.span[row] as number;
  return span < 0 ? "unspecified" : (spanKindNames[batch.kind[span] as number] ?? "unspecified");
}

/** What is odd about the row, in sentences; empty when nothing is. */
export function warningsOf({ layout }: TraceModel, row: number): readonly string[] {
  const flags = layout.flags[row] as number;
  const warnings: string[] = [];
  if (flags & RowFlag.Skewed)
    warnings.push("Starts before its parent: the clocks of the two hosts differ.");
  if (flags & RowFlag.Negative) warnings.push("Ends before it starts: drawn with no duration.");
  if (flags & RowFlag.Duplicate) warnings.push("Another span of this trace has the same id.");
  if (flags & RowFlag.Cycle) warnings.push("Its parents lead back to itself: shown as a root.");
  if (flags & RowFlag.Orphan) warnings.push("Its parent span has not been received.");
  if (flags & RowFlag.Placeholder)
    warnings.push(
      "Other spans name this one as their parent, but it has not been received. It may still arrive.",
    );
  return warnings;
}

export function isFailed({ layout }: TraceModel, row: number): boolean {
  return ((layout.flags[row] as number) & RowFlag.Error) !== 0;
}

export function isOdd({ layout }: TraceModel, row: number): boolean {
  return ((layout.flags[row] as number) & warningFlags) !== 0;
}

/** The first real span: the root, or the first child of a root that has not arrived. */
export function rootRow({ layout }: TraceModel): number {
  for (let row = 0; row < layout.rowCount; row++) if ((layout.span[row] as number) >= 0) return row;
  return 0;
}
