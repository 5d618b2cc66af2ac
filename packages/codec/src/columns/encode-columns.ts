// SpanBatch to Clew's own binary columns, which the browser reads without parsing spans.

import type {
  AttributeColumns,
  ByteDictionary,
  ResourceTable,
  ScopeTable,
  SpanBatch,
} from "@clew/model";
import { SectionWriter } from "./section-writer.ts";

/** All of `batch`, strings and tables included, in the columns format (see section-writer.ts). */
export function encodeColumns(batch: SpanBatch): Uint8Array<ArrayBuffer> {
  const writer = new SectionWriter();
  writer.numbers(
    batch.length,
    batch.eventCount,
    batch.linkCount,
    batch.strings.size,
    batch.resources.length,
    batch.scopes.length,
  );
  writeStrings(writer, batch.strings);
  writeResources(writer, batch.resources);
  writeScopes(writer, batch.scopes);
  writeSpans(writer, batch);
  writeEvents(writer, batch);
  writeLinks(writer, batch);
  return writer.finish();
}

function writeStrings(writer: SectionWriter, strings: ByteDictionary): void {
  writer.column(strings.offsets, strings.size + 1);
  writer.column(strings.bytes, strings.offsets[strings.size] as number);
}

function writeAttributes(writer: SectionWriter, columns: AttributeColumns): void {
  writer.numbers(columns.length);
  writer.column(columns.keys, columns.length);
  writer.column(columns.types, columns.length);
  writer.column(columns.slots, columns.length * 2);
}

function writeResources(writer: SectionWriter, table: ResourceTable): void {
  writeAttributes(writer, table.attributes);
  writer.column(table.attributeOffsets, table.length + 1);
  writer.column(table.droppedAttributes, table.length);
  writer.column(table.schemaUrl, table.length);
  writer.column(table.entityRefs, table.length);
  writer.column(table.serviceName, table.length);
}

function writeScopes(writer: SectionWriter, table: ScopeTable): void {
  writeAttributes(writer, table.attributes);
  writer.column(table.attributeOffsets, table.length + 1);
  writer.column(table.droppedAttributes, table.length);
  writer.column(table.schemaUrl, table.length);
  writer.column(table.name, table.length);
  writer.column(table.version, table.length);
}

function writeSpans(writer: SectionWriter, batch: SpanBatch): void {
  const count = batch.length;
  writer.column(batch.tenant, count);
  writer.column(batch.receivedSeconds, count);
  writer.column(batch.resource, count);
  writer.column(batch.scope, count);
  writer.column(batch.traceIds, count * 16);
  writer.column(batch.spanIds, count * 8);
  writer.column(batch.parentIds, count * 8);
  writer.column(batch.traceState, count);
  writer.column(batch.flags, count);
  writer.column(batch.name, count);
  writer.column(batch.kind, count);
  writer.column(batch.start, count * 2);
  writer.column(batch.end, count * 2);
  writer.column(batch.status, count);
  writer.column(batch.statusMessage, count);
  writer.column(batch.adjustedCount, count);
  writer.column(batch.droppedAttributes, count);
  writer.column(batch.droppedEvents, count);
  writer.column(batch.droppedLinks, count);
  writeAttributes(writer, batch.attributes);
  writer.column(batch.attributeOffsets, count + 1);
  writer.column(batch.eventOffsets, count + 1);
  writer.column(batch.linkOffsets, count + 1);
}

function writeEvents(writer: SectionWriter, batch: SpanBatch): void {
  const count = batch.eventCount;
  writer.column(batch.eventTime, count * 2);
  writer.column(batch.eventName, count);
  writer.column(batch.eventDroppedAttributes, count);
  writeAttributes(writer, batch.eventAttributes);
  writer.column(batch.eventAttributeOffsets, count + 1);
}

function writeLinks(writer: SectionWriter, batch: SpanBatch): void {
  const count = batch.linkCount;
  writer.column(batch.linkTraceIds, count * 16);
  writer.column(batch.linkSpanIds, count * 8);
  writer.column(batch.linkTraceState, count);
  writer.column(batch.linkFlags, count);
  writer.column(batch.linkDroppedAttributes, count);
  writeAttributes(writer, batch.linkAttributes);
  writer.column(batch.linkAttributeOffsets, count + 1);
}
