// Traces by their ids: the trace index says where their rows lie, then they are read from there into a
// SpanBatch that equals the senders', but for the order of attributes inside a span.

import { ClewError } from "@clew/base";
import { SpanBatch } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { AttributeRowReader, MAP_COLUMNS, PROMOTED_COLUMNS } from "./attribute-rows.ts";
import type { ContentCache } from "./content-cache.ts";
import { ContentIndex, readResources, readScopes } from "./read-contents.ts";
import type { ReadContext } from "./read-context.ts";
import { forEachRow, type RowCursor } from "./row-binary.ts";
import { SqlParameters } from "./sql-parameters.ts";
import { checkedTraceId, isOneOf, placeOfTraces } from "./trace-place.ts";

const COLUMNS = `trace_id, start, duration, span_id, parent_span_id, trace_state, flags, service, name, toUInt8(kind),
 toUInt8(status), status_message, adjusted_count, resource_id, scope_id, dropped_attributes, dropped_events,
 dropped_links, ${PROMOTED_COLUMNS}, ${MAP_COLUMNS},
 events, links`;

/** A trace is a few granules of each part: sorting its rows costs less than setting up to read them in order. */
const SETTINGS = { optimize_read_in_order: 0 };

/**
 * All spans of these traces as one batch, trace by trace in the order of the ids and each ordered by start;
 * undefined when there are none.
 * @throws ClewError `limit_exceeded` when they have more than `maxSpans` together.
 */
export async function readTraces(
  engine: Engine,
  tenant: string,
  traceIdTexts: readonly string[],
  maxSpans: number,
  cache: ContentCache,
  context: ReadContext,
): Promise<SpanBatch | undefined> {
  const traceIds = traceIdTexts.map(checkedTraceId);
  if (traceIds.length === 0) return undefined;
  const place = await placeOfTraces(engine, tenant, traceIds, context);
  if (place === undefined) return undefined;
  if (place.spans > maxSpans) throw tooManySpans(traceIds.length, maxSpans);
  const batch = new SpanBatch();
  batch.beginRequest(tenant, 0);
  const reader = new SpanRowReader(batch, () => {
    if (batch.length >= maxSpans) throw tooManySpans(traceIds.length, maxSpans);
  });
  const parameters = new SqlParameters();
  const rows = engine.readBinary(
    `SELECT ${COLUMNS} FROM spans
     PREWHERE ${isOneOf(traceIds, parameters)}
     WHERE tenant = ${parameters.text(tenant)} AND day IN ${parameters.days(place.days)}
       AND minute IN ${parameters.uint32s(place.minutes)}
     ORDER BY ${orderOf(traceIds, parameters)}`,
    { ...context, parameters: parameters.values, settings: SETTINGS },
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

function orderOf(traceIds: readonly string[], parameters: SqlParameters): string {
  if (traceIds.length === 1) return "minute, start";
  return `indexOf(${parameters.texts(traceIds)}, lower(hex(trace_id))), start`;
}

function tooManySpans(traces: number, maxSpans: number): ClewError {
  const [what, hint] =
    traces === 1
      ? ["trace has", "search for its spans instead of opening it whole"]
      : ["traces together have", "ask for fewer traces"];
  return new ClewError("limit_exceeded", `the ${what} more than ${maxSpans} spans`, { hint });
}

/** Appends rows of `COLUMNS` to a batch. A row that ends early leaves the batch for `truncate` to restore. */
class SpanRowReader {
  readonly attributes: AttributeRowReader;
  readonly resources = new ContentIndex();
  readonly scopes = new ContentIndex();
  /** Service name by index of `resources`. */
  readonly services: number[] = [];
  readonly #batch: SpanBatch;
  /** Throws when there is no room for a further span. */
  readonly #check: () => void;

  constructor(batch: SpanBatch, check: () => void) {
    this.#batch = batch;
    this.#check = check;
    this.attributes = new AttributeRowReader(batch.strings);
  }

  read(cursor: RowCursor): void {
    const batch = this.#batch;
    this.#check();
    const row = batch.beginSpan();
    copyBytes(cursor, 16, batch.traceIds, row);
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

  #readEvents(cursor: RowCursor): void {
    const batch = this.#batch;
    for (let left = cursor.varint(); left > 0; left--) {
      const event = batch.beginEvent();
      batch.eventTime[event * 2] = cursor.uint32();
      batch.eventTime[event * 2 + 1] = cursor.uint32();
      batch.eventName[event] = this.attributes.string(cursor);
      this.attributes.readJson(cursor, batch.eventAttributes);
      batch.eventDroppedAttributes[event] = cursor.uint32();
      batch.commitEvent();
    }
  }

  #readLinks(cursor: RowCursor): void {
    const batch = this.#batch;
    for (let left = cursor.varint(); left > 0; left--) {
      const link = batch.beginLink();
      copyBytes(cursor, 16, batch.linkTraceIds, link);
      copyBytes(cursor, 8, batch.linkSpanIds, link);
      batch.linkTraceState[link] = this.attributes.string(cursor);
      batch.linkFlags[link] = cursor.uint32();
      this.attributes.readJson(cursor, batch.linkAttributes);
      batch.linkDroppedAttributes[link] = cursor.uint32();
      batch.commitLink();
    }
  }
}

function copyBytes(cursor: RowCursor, size: number, into: Uint8Array, row: number): void {
  const from = cursor.take(size);
  const { bytes } = cursor;
  for (let i = 0; i < size; i++) into[row * size + i] = bytes[from + i] as number;
}
