// A SpanBatch between threads. Class instances do not survive postMessage, and decoding 100,000 spans
// a second time on the main thread would cost a visible pause: so the worker posts the batch's columns,
// moved, and the main thread puts them into an empty batch. Such a batch can be read, not appended to.

import { SpanBatch } from "@clew/model";

/** Typed arrays and counts of a batch: by table, then by column. */
export type BatchColumns = Readonly<
  Record<string, Readonly<Record<string, ArrayBufferView | number>>>
>;

type Fields = Record<string, unknown>;

/** The batch and the tables inside it, by name. */
function tables(batch: SpanBatch): Readonly<Record<string, Fields>> {
  return {
    spans: batch,
    strings: batch.strings,
    resources: batch.resources,
    resourceAttributes: batch.resources.attributes,
    scopes: batch.scopes,
    scopeAttributes: batch.scopes.attributes,
    attributes: batch.attributes,
    eventAttributes: batch.eventAttributes,
    linkAttributes: batch.linkAttributes,
  } as unknown as Readonly<Record<string, Fields>>;
}

/** Takes the columns out of a batch. After `transfers` are posted the batch must not be used. */
export function takeColumns(batch: SpanBatch): { columns: BatchColumns; transfers: ArrayBuffer[] } {
  const columns: Record<string, Record<string, ArrayBufferView | number>> = {};
  const buffers = new Set<ArrayBuffer>();
  for (const [name, fields] of Object.entries(tables(batch))) {
    const table: Record<string, ArrayBufferView | number> = {};
    for (const [key, value] of Object.entries(fields)) {
      if (typeof value === "number") table[key] = value;
      else if (ArrayBuffer.isView(value)) {
        table[key] = value;
        buffers.add(value.buffer as ArrayBuffer);
      }
    }
    columns[name] = table;
  }
  return { columns, transfers: [...buffers] };
}

/** A batch to read from, over columns that {@link takeColumns} took. */
export function wrapColumns(columns: BatchColumns): SpanBatch {
  const batch = new SpanBatch();
  for (const [name, fields] of Object.entries(tables(batch))) Object.assign(fields, columns[name]);
  return batch;
}
