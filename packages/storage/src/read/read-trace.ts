// A trace by its id: the trace index says where its rows lie, then they are read from there into a
// SpanBatch that equals the sender's, but for the order of attributes inside a span.

import { ClewError } from "@clew/base";
import { SpanBatch } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { AttributeRowReader, MAP_COLUMNS, PROMOTED_COLUMNS } from "./attribute-rows.ts";
import type { ContentCache } from "./content-cache.ts";
import { ContentIndex, readResources, readScopes } from "./read-contents.ts";
import type { ReadContext } from "./read-context.ts";
import { forEachRow, type RowCursor } from "./row-binary.ts";
import { SqlParameters } from "./sql-parameters.ts";
import { checkedTraceId, findTrace } from "./trace-place.ts";

const COLUMNS = `start, duration, span_id, parent_span_id, trace_state, flags, service, name, toUInt8(kind),
 toUInt8(status), status_message, adjusted_count, resource_id, scope_id, dropped_attributes, dropped_events,
 dropped_links, ${PROMOTED_COLUMNS}, ${MAP_COLUMNS},
 events.time, events.name, events.attributes, events.dropped_attributes,
 links.trace_id, links.span_id, links.trace_state, links.flags, links.attributes, links.dropped_attributes`;

/**
 * All spans of a trace, ordered by start; undefined when there is none.
 * @throws ClewError `limit_exceeded` when it has more than `maxSpans`.
 */
export async function readTrace(
  engine: Engine,
  tenant: string,
  traceIdText: string,
  maxSpans: number,
  cache: ContentCache,
  context: ReadContext,
): Promise<SpanBatch | undefined> {
  const traceId = checkedTraceId(traceIdText);
  const place = await findTrace(engine, tenant, traceId, context);
  if (place === undefined) return undefined;
  if (place.spans > maxSpans) throw tooManySpans(maxSpans);
  const batch = new SpanBatch();
  batch.beginRequest(tenant, 0);
  const reader = new SpanRowReader(batch, traceId, maxSpans);
  const parameters = new SqlParameters();
  const rows = engine.readBinary(
    `SELECT ${COLUMNS} FROM spans
     WHERE tenant = ${parameters.text(tenant)} AND day IN ${parameters.days(place.days)}
       AND minute IN ${parameters.uint32s(place.minutes)} AND trace_id = ${parameters.traceId(traceId)}
     ORDER BY minute, start`,
    { ...context, parameters: parameters.values },
  );
  await forEachRow(
    rows,
    (cursor) => reader.read(cursor),
    () => batch.truncate(batch.length),
  );
  if (batch.length === 0) return undefined;
  const target = {
    cache,
    engine,
    tenant,
    reader: reader.attributes,
    strings: batch.strings,
    context,
  };
  await Promise.all([
    readResources(target, reader.resources.ids, reader.services, batch.resources),
    readScopes(target, reader.scopes.ids, batch.scopes),
  ]);
  return batch;
}

function tooManySpans(maxSpans: number): ClewError {
  return new ClewError("limit_exceeded", `the trace has more than ${maxSpans} spans`, {
    hint: "search for its spans instead of opening it whole",
  });
}

/** Appends rows of `COLUMNS` to a batch. A row that ends early leaves the batch for `truncate` to restore. */
class SpanRowReader {
  readonly attributes: AttributeRowReader;
  readonly resources = new ContentIndex();
  readonly scopes = new ContentIndex();
  /** Service name by index of `resources`. */
  readonly services: number[] = [];
  readonly #batch: SpanBatch;
  readonly #traceId: Uint8Array;
  readonly #maxSpans: number;

  constructor(batch: SpanBatch, traceId: string, maxSpans: number) {
    this.#batch = batch;
    this.#traceId = Buffer.from(traceId, "hex");
    this.#maxSpans = maxSpans;
    this.attributes = new AttributeRowReader(batch.strings);
  }

  read(cursor: RowCursor): void {
    const batch = this.#batch;
    const row = batch.beginSpan();
    if (row >= this.#maxSpans) throw tooManySpans(this.#maxSpans);
    batch.traceIds.set(this.#traceId, row * 16);
    this.#readTimes(cursor, row);
    copyBytes(cursor, 8, batch.spanIds, row);
    copyBytes(cursor, 8, batch.parentIds, row);
    batch.traceState[row] = this.attributes.string(cursor);
    batch.flags[row] = cursor.uint32();
    const service = this.attributes.string(cursor);
    batch.name[row] = this.attributes.string(cursor);
    batch.kind[row] = cursor.uint8();
    batch.status[row] = cursor.uint8();
    batch.statusMessage[row] = this.attributes.string(cursor);
    batch.adjustedCount[row] = cursor.float32();
    const resource = this.resources.index(cursor.uint64());
    this.services[resource] ??= service;
    const scope = this.scopes.index(cursor.uint64());
    batch.droppedAttributes[row] = cursor.uint32();
    batch.droppedEvents[row] = cursor.uint32();
    batch.droppedLinks[row] = cursor.uint32();
    this.attributes.readPromoted(cursor, batch.attributes);
    this.attributes.readMaps(cursor, batch.attributes);
    this.#readEvents(cursor);
    this.#readLinks(cursor);
    batch.commitSpan(resource, scope);
  }

  /** `start` and `duration` as words; the end is their sum modulo 2^64, as it was stored. */
  #readTimes(cursor: RowCursor, row: number): void {
    const { start, end } = this.#batch;
    const low = cursor.uint32();
    const high = cursor.uint32();
    const endLow = low + cursor.uint32();
    const endHigh = high + cursor.uint32() + (endLow > 0xffffffff ? 1 : 0);
    start[row * 2] = low;
    start[row * 2 + 1] = high;
    end[row * 2] = endLow;
    end[row * 2 + 1] = endHigh;
  }

  // Each column of the events comes whole before the next one, but attributes must be pushed event by event,
  // so the columns before them are kept in the batch's rows from `first` on.
  #readEvents(cursor: RowCursor): void {
    const batch = this.#batch;
    const first = batch.eventCount;
    const count = cursor.varint();
    const times = cursor.take(count * 8);
    const { bytes } = cursor;
    cursor.varint();
    const names = Array.from({ length: count }, () => this.attributes.string(cursor));
    cursor.varint();
    for (let i = 0; i < count; i++) {
      const event = batch.beginEvent();
      batch.eventTime[event * 2] = word(bytes, times + i * 8);
      batch.eventTime[event * 2 + 1] = word(bytes, times + i * 8 + 4);
      batch.eventName[event] = names[i] as number;
      this.attributes.readJson(cursor, batch.eventAttributes);
      batch.commitEvent();
    }
    cursor.varint();
    for (let i = 0; i < count; i++) batch.eventDroppedAttributes[first + i] = cursor.uint32();
  }

  #readLinks(cursor: RowCursor): void {
    const batch = this.#batch;
    const first = batch.linkCount;
    const { bytes } = cursor;
    const count = cursor.varint();
    const traceIds = cursor.take(count * 16);
    cursor.varint();
    const spanIds = cursor.take(count * 8);
    cursor.varint();
    const states = Array.from({ length: count }, () => this.attributes.string(cursor));
    cursor.varint();
    const flags = cursor.take(count * 4);
    cursor.varint();
    for (let i = 0; i < count; i++) {
      const link = batch.beginLink();
      batch.linkTraceIds.set(bytes.subarray(traceIds + i * 16, traceIds + i * 16 + 16), link * 16);
      batch.linkSpanIds.set(bytes.subarray(spanIds + i * 8, spanIds + i * 8 + 8), link * 8);
      batch.linkTraceState[link] = states[i] as number;
      batch.linkFlags[link] = word(bytes, flags + i * 4);
      this.attributes.readJson(cursor, batch.linkAttributes);
      batch.commitLink();
    }
    cursor.varint();
    for (let i = 0; i < count; i++) batch.linkDroppedAttributes[first + i] = cursor.uint32();
  }
}

function copyBytes(cursor: RowCursor, size: number, into: Uint8Array, row: number): void {
  const from = cursor.take(size);
  const { bytes } = cursor;
  for (let i = 0; i < size; i++) into[row * size + i] = bytes[from + i] as number;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
