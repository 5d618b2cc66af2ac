// Log records of a trace. The trace's own time, an hour wider on both sides, leads to them by the primary
// key; inside it, and everywhere for a trace without spans, the bloom filter on trace_id does.

import { LogBatch, ValueType } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { AttributeRowReader, MAP_COLUMNS } from "./attribute-rows.ts";
import type { ContentCache } from "./content-cache.ts";
import { ContentIndex, readResources, readScopes } from "./read-contents.ts";
import type { ReadContext } from "./read-context.ts";
import { forEachRow, type RowCursor } from "./row-binary.ts";
import { SqlParameters } from "./sql-parameters.ts";
import { checkedTraceId, placeOfTraces } from "./trace-place.ts";

const MARGIN_MINUTES = 60;
const MAX_MINUTE = 4294967295;
const BODY_STRING = 1;
const BODY_EMPTY = 0;

const COLUMNS = `source_time, observed_time, span_id, flags, service, severity_number, severity_text, event_name,
 toUInt8(body_type), body, resource_id, scope_id, dropped_attributes, ${MAP_COLUMNS}`;

/** Records in time order, at most `maxRecords` of them (the earliest). */
export async function readTraceLogs(
  engine: Engine,
  tenant: string,
  traceIdText: string,
  maxRecords: number,
  cache: ContentCache,
  context: ReadContext,
): Promise<LogBatch> {
  const traceId = checkedTraceId(traceIdText);
  const place = await placeOfTraces(engine, tenant, [traceId], context);
  const minutes = place?.minutes ?? [];
  const from = minutes.length === 0 ? 0 : Math.max(0, (minutes[0] as number) - MARGIN_MINUTES);
  const to =
    minutes.length === 0
      ? MAX_MINUTE
      : Math.min(MAX_MINUTE, (minutes.at(-1) as number) + MARGIN_MINUTES);
  const batch = new LogBatch();
  batch.beginRequest(tenant, 0);
  const reader = new LogRowReader(batch, traceId);
  const parameters = new SqlParameters();
  const rows = engine.readBinary(
    `SELECT ${COLUMNS} FROM logs
     WHERE tenant = ${parameters.text(tenant)} AND minute >= ${parameters.uint32(from)} AND minute <= ${parameters.uint32(to)}
       AND trace_id = ${parameters.traceId(traceId)}
     ORDER BY minute, time LIMIT ${parameters.uint32(maxRecords)}`,
    { ...context, parameters: parameters.values },
  );
  await forEachRow(
    rows,
    (cursor) => reader.read(cursor),
    () => batch.truncate(batch.length),
  );
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

class LogRowReader {
  readonly attributes: AttributeRowReader;
  readonly resources = new ContentIndex();
  readonly scopes = new ContentIndex();
  readonly services: number[] = [];
  readonly #batch: LogBatch;
  readonly #traceId: Uint8Array;

  constructor(batch: LogBatch, traceId: string) {
    this.#batch = batch;
    this.#traceId = Buffer.from(traceId, "hex");
    this.attributes = new AttributeRowReader(batch.strings);
  }

  read(cursor: RowCursor): void {
    const batch = this.#batch;
    const row = batch.beginRecord();
    batch.traceIds.set(this.#traceId, row * 16);
    batch.time[row * 2] = cursor.uint32();
    batch.time[row * 2 + 1] = cursor.uint32();
    batch.observedTime[row * 2] = cursor.uint32();
    batch.observedTime[row * 2 + 1] = cursor.uint32();
    const spanId = cursor.take(8);
    batch.spanIds.set(cursor.bytes.subarray(spanId, spanId + 8), row * 8);
    batch.flags[row] = cursor.uint32();
    const service = this.attributes.string(cursor);
    batch.severityNumber[row] = cursor.uint8();
    batch.severityText[row] = this.attributes.string(cursor);
    batch.eventName[row] = this.attributes.string(cursor);
    this.#readBody(cursor);
    const resource = this.resources.index(cursor.uint64());
    this.services[resource] ??= service;
    const scope = this.scopes.index(cursor.uint64());
    batch.droppedAttributes[row] = cursor.uint32();
    this.attributes.readMaps(cursor, batch.attributes);
    batch.commitRecord(resource, scope);
  }

  #readBody(cursor: RowCursor): void {
    const { bodies } = this.#batch;
    const type = cursor.uint8();
    if (type === BODY_STRING) {
      bodies.push(0, ValueType.String, this.attributes.string(cursor), 0);
      return;
    }
    const text = cursor.text();
    if (type === BODY_EMPTY) bodies.push(0, ValueType.Empty, 0, 0);
    else this.attributes.pushTyped(bodies, 0, text);
  }
}
