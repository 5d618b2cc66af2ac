// Test support: the contents of a batch as plain objects, read straight from the columns and without
// the encoders, so that tests can compare batches whose tables and dictionaries are laid out
// differently.

import {
  type AttributeColumns,
  type ByteDictionary,
  type LogBatch,
  type ResourceTable,
  type ScopeTable,
  type SpanBatch,
  toHex,
  ValueType,
} from "@clew/model";

/** Any JSON-like structure with bigints. */
export type Plain =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | Plain[]
  | { [key: string]: Plain };

/** Rows `from .. to` as [key, type, value]; doubles as their bits, complex values as hex. */
export function attributeRows(
  columns: AttributeColumns,
  strings: ByteDictionary,
  from: number,
  to: number,
): Plain[] {
  const rows: Plain[] = [];
  for (let row = from; row < to; row++) {
    const type = columns.types[row] as ValueType;
    const low = columns.slots[row * 2] as number;
    const high = columns.slots[row * 2 + 1] as number;
    const isRef = type === ValueType.String || type >= ValueType.Bytes;
    const value = isRef ? toHex(strings.view(low)) : `${high}:${low}`;
    rows.push([strings.text(columns.keys[row] as number), type, value]);
  }
  return rows;
}

function resource(table: ResourceTable, strings: ByteDictionary, index: number): Plain {
  const from = table.attributeOffsets[index] as number;
  const to = table.attributeOffsets[index + 1] as number;
  return {
    attributes: attributeRows(table.attributes, strings, from, to),
    dropped: table.droppedAttributes[index],
    schemaUrl: strings.text(table.schemaUrl[index] as number),
    entityRefs: toHex(strings.view(table.entityRefs[index] as number)),
    serviceName: strings.text(table.serviceName[index] as number),
  };
}

function scope(table: ScopeTable, strings: ByteDictionary, index: number): Plain {
  const from = table.attributeOffsets[index] as number;
  const to = table.attributeOffsets[index + 1] as number;
  return {
    name: strings.text(table.name[index] as number),
    version: strings.text(table.version[index] as number),
    attributes: attributeRows(table.attributes, strings, from, to),
    dropped: table.droppedAttributes[index],
    schemaUrl: strings.text(table.schemaUrl[index] as number),
  };
}

function event(batch: SpanBatch, index: number): Plain {
  const from = batch.eventAttributeOffsets[index] as number;
  const to = batch.eventAttributeOffsets[index + 1] as number;
  return {
    time: `${batch.eventTime[index * 2 + 1]}:${batch.eventTime[index * 2]}`,
    name: batch.strings.text(batch.eventName[index] as number),
    dropped: batch.eventDroppedAttributes[index],
    attributes: attributeRows(batch.eventAttributes, batch.strings, from, to),
  };
}

function link(batch: SpanBatch, index: number): Plain {
  const from = batch.linkAttributeOffsets[index] as number;
  const to = batch.linkAttributeOffsets[index + 1] as number;
  return {
    traceId: toHex(batch.linkTraceIds, index * 16, 16),
    spanId: toHex(batch.linkSpanIds, index * 8, 8),
    traceState: batch.strings.text(batch.linkTraceState[index] as number),
    flags: batch.linkFlags[index],
    dropped: batch.linkDroppedAttributes[index],
    attributes: attributeRows(batch.linkAttributes, batch.strings, from, to),
  };
}

function range(offsets: Uint32Array, row: number): number[] {
  const from = offsets[row] as number;
  return Array.from({ length: (offsets[row + 1] as number) - from }, (_, i) => from + i);
}

/** Everything a span of `batch` says. */
export function spanSnapshot(batch: SpanBatch, row: number): Plain {
  const { strings } = batch;
  const text = (column: Uint32Array) => strings.text(column[row] as number);
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  return {
    tenant: text(batch.tenant),
    receivedSeconds: batch.receivedSeconds[row],
    resource: resource(batch.resources, strings, batch.resource[row] as number),
    scope: scope(batch.scopes, strings, batch.scope[row] as number),
    traceId: toHex(batch.traceIds, row * 16, 16),
    spanId: toHex(batch.spanIds, row * 8, 8),
    parentId: toHex(batch.parentIds, row * 8, 8),
    traceState: text(batch.traceState),
    flags: batch.flags[row],
    name: text(batch.name),
    kind: batch.kind[row],
    start: batch.startNano(row),
    end: batch.endNano(row),
    status: batch.status[row],
    statusMessage: text(batch.statusMessage),
    adjustedCount: batch.adjustedCount[row],
    dropped: [batch.droppedAttributes[row], batch.droppedEvents[row], batch.droppedLinks[row]],
    attributes: attributeRows(batch.attributes, strings, from, to),
    events: range(batch.eventOffsets, row).map((index) => event(batch, index)),
    links: range(batch.linkOffsets, row).map((index) => link(batch, index)),
  };
}

/** Everything a log record of `batch` says. */
export function logSnapshot(batch: LogBatch, row: number): Plain {
  const { strings } = batch;
  const text = (column: Uint32Array) => strings.text(column[row] as number);
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  return {
    tenant: text(batch.tenant),
    receivedSeconds: batch.receivedSeconds[row],
    resource: resource(batch.resources, strings, batch.resource[row] as number),
    scope: scope(batch.scopes, strings, batch.scope[row] as number),
    time: `${batch.time[row * 2 + 1]}:${batch.time[row * 2]}`,
    observedTime: `${batch.observedTime[row * 2 + 1]}:${batch.observedTime[row * 2]}`,
    severity: [batch.severityNumber[row], text(batch.severityText)],
    eventName: text(batch.eventName),
    traceId: toHex(batch.traceIds, row * 16, 16),
    spanId: toHex(batch.spanIds, row * 8, 8),
    flags: batch.flags[row],
    dropped: batch.droppedAttributes[row],
    body: attributeRows(batch.bodies, strings, row, row + 1),
    attributes: attributeRows(batch.attributes, strings, from, to),
  };
}

/** All spans of `batch`. */
export function spansOf(batch: SpanBatch): Plain[] {
  return Array.from({ length: batch.length }, (_, row) => spanSnapshot(batch, row));
}

/** All records of `batch`. */
export function logsOf(batch: LogBatch): Plain[] {
  return Array.from({ length: batch.length }, (_, row) => logSnapshot(batch, row));
}
