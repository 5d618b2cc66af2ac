// The critical path of a trace: from the end of its root backwards, always the child that finished last before
// that moment, and the span itself where none was at work. To make the request faster, something on it has to
// become faster.

import { childRows, mainRoot } from "./child-rows.ts";
import type { TraceLayout } from "./trace-layout.ts";

/** A stretch of time for which one span is responsible. Nanoseconds after the trace's start. */
export interface PathSegment {
  /** Row of the layout. */
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

interface Frame {
  readonly row: number;
  /** The window for which the row accounts. */
  readonly from: number;
  readonly to: number;
  /** Children by where they end inside the window, the last to end at the end of the list. */
  readonly children: number[];
  /** What lies before is still to be accounted for. */
  cursor: number;
}

/**
 * Segments in the order of time, which together cover the longest root from its start to its end; empty for an
 * empty trace. What a span does after its parent has ended is on nobody's path.
 */
export function criticalPath(layout: TraceLayout): PathSegment[] {
  const root = mainRoot(layout);
  if (root === undefined) return [];
  const backwards: PathSegment[] = [];
  const add = (row: number, from: number, to: number): void => {
    if (to > from) backwards.push({ row, from, to });
  };
  const start = layout.start[root] as number;
  // A stack of its own: traces may be deeper than the call stack.
  const stack: Frame[] = [frameOf(layout, root, start, start + (layout.duration[root] as number))];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = lastToEnd(layout, frame);
    if (child === undefined) {
      add(frame.row, frame.from, frame.cursor);
      stack.pop();
      continue;
    }
    const from = Math.max(layout.start[child] as number, frame.from);
    const to = endWithin(layout, child, frame.to);
    add(frame.row, to, frame.cursor);
    frame.cursor = from;
    stack.push(frameOf(layout, child, from, to));
  }
  return backwards.toReversed();
}

function frameOf(layout: TraceLayout, row: number, from: number, to: number): Frame {
  const children = childRows(layout, row)
    .filter((child) => (layout.start[child] as number) < to && endWithin(layout, child, to) > from)
    .toSorted((a, b) => endWithin(layout, a, to) - endWithin(layout, b, to));
  return { row, from, to, children, cursor: to };
}

/** The child that ended last before the cursor; those that were still at work then ran beside the path. */
function lastToEnd(layout: TraceLayout, frame: Frame): number | undefined {
  for (let child = frame.children.pop(); child !== undefined; child = frame.children.pop()) {
    const end = endWithin(layout, child, frame.to);
    if (end <= frame.cursor && end > Math.max(layout.start[child] as number, frame.from))
      return child;
  }
  return undefined;
}

/** Where a row ends, or the window it is looked at in: one that outlives its parent held it up until then. */
function endWithin({ start, duration }: TraceLayout, row: number, to: number): number {
  return Math.min((start[row] as number) + (duration[row] as number), to);
}
