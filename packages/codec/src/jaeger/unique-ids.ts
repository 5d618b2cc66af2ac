// Span ids that are unique within a trace, which Jaeger's readers rely on. Two things spoil them: a span
// that was sent twice, and Zipkin's shared ids, where a server goes by the id of the client that called
// it. The copy is left out; the server gets an id of its own and becomes its client's child.

import { type SpanBatch, SpanKind, toHex } from "@clew/model";

/** Rows of one trace with their ids as hex. */
export interface IdentifiedRow {
  readonly row: number;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentId: string;
  /** True when the id is not the one that was sent. */
  readonly isRenamed: boolean;
}

const NO_ID = "0".repeat(16);
const ID_MASK = (1n << 64n) - 1n;

/** The rows with the ids that were sent. */
export function sentIds(batch: SpanBatch, rows: readonly number[]): IdentifiedRow[] {
  return rows.map((row) => {
    const parentId = toHex(batch.parentIds, row * 8, 8);
    return {
      row,
      spanId: toHex(batch.spanIds, row * 8, 8),
      parentId: parentId === NO_ID ? "" : parentId,
      isRenamed: false,
    };
  });
}

/** The rows without copies, and with ids that no two of them share where kinds tell them apart. */
export function uniqueIds(batch: SpanBatch, rows: readonly number[]): IdentifiedRow[] {
  const sent = sentIds(batch, rows);
  const byId = Map.groupBy(sent, ({ spanId }) => spanId);
  if (byId.size === sent.length) return sent;
  const dropped = new Set<number>();
  const renamed = new Map<number, string>();
  /** By shared id: the service of its server, and the server's new id. */
  const adopted = new Map<string, { service: number; spanId: string }>();
  const taken = new Set(byId.keys());
  for (const [spanId, group] of byId) {
    if (group.length === 1) continue;
    const kept = withoutCopies(batch, group, dropped);
    const server = kept.find(({ row }) => batch.kind[row] === SpanKind.Server);
    if (server === undefined || !kept.some(({ row }) => batch.kind[row] === SpanKind.Client))
      continue;
    const fresh = nextFree(spanId, taken);
    renamed.set(server.row, fresh);
    adopted.set(spanId, { service: serviceOf(batch, server.row), spanId: fresh });
  }
  return sent
    .filter(({ row }) => !dropped.has(row))
    .map((one) => {
      const fresh = renamed.get(one.row);
      if (fresh !== undefined)
        return { row: one.row, spanId: fresh, parentId: one.spanId, isRenamed: true };
      const parent = adopted.get(one.parentId);
      const isServersChild = parent !== undefined && parent.service === serviceOf(batch, one.row);
      return isServersChild ? { ...one, parentId: parent.spanId } : one;
    });
}

function withoutCopies(
  batch: SpanBatch,
  group: readonly IdentifiedRow[],
  dropped: Set<number>,
): IdentifiedRow[] {
  const seen = new Set<string>();
  return group.filter(({ row, parentId }) => {
    const facts = [batch.kind[row], batch.name[row], serviceOf(batch, row), parentId];
    const key = [...facts, batch.startNano(row), batch.endNano(row)].join(" ");
    if (seen.has(key)) dropped.add(row);
    return !dropped.has(row) && seen.add(key) !== undefined;
  });
}

function serviceOf(batch: SpanBatch, row: number): number {
  return batch.resources.serviceName[batch.resource[row] as number] as number;
}

function nextFree(spanId: string, taken: Set<string>): string {
  let candidate = BigInt(`0x${spanId}`);
  for (;;) {
    candidate = (candidate + 1n) & ID_MASK;
    const text = candidate.toString(16).padStart(16, "0");
    if (text === NO_ID || taken.has(text)) continue;
    taken.add(text);
    return text;
  }
}
