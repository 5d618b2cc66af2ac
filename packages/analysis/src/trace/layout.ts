// Lays a trace out as rows. Pure and iterative: no recursion over depth, no object a span, and parents
// that form a circle end the walk instead of hanging it. Runs in a worker.

import { type SpanBatch, StatusCode } from "@clew/model";
import { linkSpans } from "./span-links.ts";
import { RowFlag, type TraceLayout, warningFlags } from "./trace-layout.ts";

/** Times of spans and placeholders relative to the trace's start, in nanoseconds. */
interface NodeTimes {
  readonly startNano: bigint;
  readonly start: Float64Array<ArrayBuffer>;
  readonly end: Float64Array<ArrayBuffer>;
}

/** Lays out every span of the batch as one trace. */
export function layoutTrace(batch: SpanBatch): TraceLayout {
  const spanCount = batch.length;
  const { parent, nodeCount, duplicate } = linkSpans(batch.spanIds, batch.parentIds, spanCount);
  const times = nodeTimes(batch, parent, nodeCount);
  const order = startOrder(times.start);
  const walk = walkDepthFirst(parent, order);
  const services = assignServices(batch, order);
  const rows = fillRows(batch, walk, times, parent, duplicate, services.ofSpan);
  return {
    rowCount: nodeCount,
    spanCount,
    startNano: times.startNano,
    ...rows,
    services: services.names,
    serviceSpans: services.counts,
  };
}

function nodeTimes(batch: SpanBatch, parent: Int32Array, nodeCount: number): NodeTimes {
  const { length: spanCount, start: starts, end: ends } = batch;
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (let i = 0; i < spanCount; i++) {
    const h = starts[i * 2 + 1] as number;
    const l = starts[i * 2] as number;
    if (h < high || (h === high && l < low)) [high, low] = [h, l];
  }
  const start = new Float64Array(nodeCount);
  const end = new Float64Array(nodeCount);
  start.fill(Number.POSITIVE_INFINITY, spanCount);
  for (let i = 0; i < spanCount; i++) {
    start[i] =
      ((starts[i * 2 + 1] as number) - high) * 4294967296 + ((starts[i * 2] as number) - low);
    end[i] = ((ends[i * 2 + 1] as number) - high) * 4294967296 + ((ends[i * 2] as number) - low);
    const above = parent[i] as number;
    if (above < spanCount) continue;
    // A missing parent is known to have lasted at least from its first to its last child.
    start[above] = Math.min(start[above] as number, start[i] as number);
    end[above] = Math.max(end[above] as number, start[i] as number, end[i] as number);
  }
  const startNano = spanCount === 0 ? 0n : (BigInt(high) << 32n) | BigInt(low);
  return { startNano, start, end };
}

/** Node numbers by start; nodes of equal start keep the order they have. */
function startOrder(start: Float64Array): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from(start, (_, node) => node);
  for (let i = 1; i < start.length; i++) {
    if ((start[i] as number) >= (start[i - 1] as number)) continue;
    return order.sort((a, b) => (start[a] as number) - (start[b] as number) || a - b);
  }
  return order;
}

interface Walk {
  /** Node of each row. */
  readonly node: Uint32Array<ArrayBuffer>;
  readonly rowOfNode: Int32Array<ArrayBuffer>;
  readonly parentRow: Int32Array<ArrayBuffer>;
  readonly depth: Uint32Array<ArrayBuffer>;
  /** 1 for rows where a circle of parents was cut open. */
  readonly cycle: Uint8Array<ArrayBuffer>;
}

function walkDepthFirst(parent: Int32Array, order: Uint32Array): Walk {
  const count = parent.length;
  const firstChild = new Int32Array(count).fill(-1);
  const nextSibling = new Int32Array(count).fill(-1);
  for (let i = count - 1; i >= 0; i--) {
    const child = order[i] as number;
    const above = parent[child] as number;
    if (above < 0) continue;
    nextSibling[child] = firstChild[above] as number;
    firstChild[above] = child;
  }
  const walk: Walk = {
    node: new Uint32Array(count),
    rowOfNode: new Int32Array(count).fill(-1),
    parentRow: new Int32Array(count).fill(-1),
    depth: new Uint32Array(count),
    cycle: new Uint8Array(count),
  };
  let row = 0;
  const visit = (root: number): void => {
    let node = root;
    while (node >= 0) {
      const above = node === root ? -1 : (walk.rowOfNode[parent[node] as number] as number);
      walk.node[row] = node;
      walk.rowOfNode[node] = row;
      walk.parentRow[row] = above;
      walk.depth[row] = above < 0 ? 0 : (walk.depth[above] as number) + 1;
      row++;
      node = next(node, root);
    }
  };
  const unvisited = (node: number): number => {
    while (node >= 0 && (walk.rowOfNode[node] as number) >= 0) node = nextSibling[node] as number;
    return node;
  };
  /** Node after `node` below `root` in depth-first order, -1 when the tree is done. */
  const next = (node: number, root: number): number => {
    const child = unvisited(firstChild[node] as number);
    if (child >= 0) return child;
    for (let at = node; at !== root; at = parent[at] as number) {
      const sibling = unvisited(nextSibling[at] as number);
      if (sibling >= 0) return sibling;
    }
    return -1;
  };
  for (const node of order) if ((parent[node] as number) < 0) visit(node);
  // What is left hangs on a circle: the earliest span of each becomes a root.
  for (const node of order) {
    if ((walk.rowOfNode[node] as number) >= 0) continue;
    walk.cycle[row] = 1;
    visit(node);
  }
  return walk;
}

interface Services {
  readonly names: string[];
  readonly counts: number[];
  readonly ofSpan: Uint16Array<ArrayBuffer>;
}

function assignServices(batch: SpanBatch, order: Uint32Array): Services {
  const names: string[] = [];
  const counts: number[] = [];
  const byName = new Map<number, number>();
  const ofSpan = new Uint16Array(batch.length);
  for (const node of order) {
    if (node >= batch.length) continue;
    const name = batch.resources.serviceName[batch.resource[node] as number] ?? 0;
    let index = byName.get(name);
    if (index === undefined) {
      // More services than the column can count share the last number.
      index = Math.min(names.length, 0xffff);
      byName.set(name, index);
      if (index === names.length) {
        names.push(name === 0 ? "unknown service" : batch.strings.text(name));
        counts.push(0);
      }
    }
    ofSpan[node] = index;
    counts[index] = (counts[index] as number) + 1;
  }
  return { names, counts, ofSpan };
}

type Rows = Omit<TraceLayout, "rowCount" | "spanCount" | "startNano" | "services" | "serviceSpans">;

function fillRows(
  batch: SpanBatch,
  walk: Walk,
  times: NodeTimes,
  parent: Int32Array,
  duplicate: Uint8Array,
  serviceOfSpan: Uint16Array,
): Rows {
  const count = walk.node.length;
  const spanCount = batch.length;
  const span = new Int32Array(count).fill(-1);
  const rowOfSpan = new Uint32Array(spanCount);
  const start = new Float64Array(count);
  const duration = new Float64Array(count);
  const flags = new Uint8Array(count);
  const service = new Uint16Array(count);
  let [maxDepth, errorCount, orphanCount, warningCount, lastEnd] = [0, 0, 0, 0, 0];
  for (let row = 0; row < count; row++) {
    const node = walk.node[row] as number;
    start[row] = times.start[node] as number;
    const length = (times.end[node] as number) - (times.start[node] as number);
    duration[row] = Math.max(0, length);
    maxDepth = Math.max(maxDepth, walk.depth[row] as number);
    lastEnd = Math.max(lastEnd, (start[row] as number) + (duration[row] as number));
    if (node >= spanCount) {
      flags[row] = RowFlag.Placeholder;
      continue;
    }
    span[row] = node;
    rowOfSpan[node] = row;
    service[row] = serviceOfSpan[node] as number;
    const above = parent[node] as number;
    let flag = walk.cycle[row] === 1 ? RowFlag.Cycle : 0;
    if (batch.status[node] === StatusCode.Error) flag |= RowFlag.Error;
    if (above >= spanCount) flag |= RowFlag.Orphan;
    else if (above >= 0 && (times.start[node] as number) < (times.start[above] as number))
      flag |= RowFlag.Skewed;
    if (length < 0) flag |= RowFlag.Negative;
    if (duplicate[node] === 1) flag |= RowFlag.Duplicate;
    flags[row] = flag;
    if (flag & RowFlag.Error) errorCount++;
    if (flag & RowFlag.Orphan) orphanCount++;
    if (flag & warningFlags) warningCount++;
  }
  const parents = walk.parentRow;
  const totals = subtreeTotals(parents, start, duration, flags);
  return {
    durationNano: lastEnd,
    maxDepth,
    errorCount,
    orphanCount,
    warningCount,
    span,
    rowOfSpan,
    parent: parents,
    depth: walk.depth,
    ...totals,
    start,
    duration,
    flags,
    service,
  };
}

/** Sums over subtrees; rows are depth first, so one pass from the last row up sees children first. */
function subtreeTotals(
  parent: Int32Array,
  start: Float64Array,
  duration: Float64Array,
  flags: Uint8Array,
): Pick<TraceLayout, "size" | "errorsBelow" | "subtreeEnd"> {
  const count = parent.length;
  const size = new Uint32Array(count).fill(1);
  const errorsBelow = new Uint32Array(count);
  const subtreeEnd = new Float64Array(count);
  for (let row = count - 1; row >= 0; row--) {
    subtreeEnd[row] = Math.max(
      subtreeEnd[row] as number,
      (start[row] as number) + (duration[row] as number),
    );
    const above = parent[row] as number;
    if (above < 0) continue;
    size[above] = (size[above] as number) + (size[row] as number);
    errorsBelow[above] =
      (errorsBelow[above] as number) +
      (errorsBelow[row] as number) +
      ((flags[row] as number) & RowFlag.Error);
    subtreeEnd[above] = Math.max(subtreeEnd[above] as number, subtreeEnd[row] as number);
  }
  return { size, errorsBelow, subtreeEnd };
}
