// Clew's binary columns back to a SpanBatch. Every count, id and offset is checked first, so that a
// damaged buffer is an error here and not a wrong read later.

import { type AttributeColumns, type ByteDictionary, SpanBatch, type ValueType } from "@clew/model";
import { malformed, SectionReader } from "./section-reader.ts";

const MAX_VALUE_TYPE = 7;

/**
 * The batch that `encodeColumns` wrote. More spans can be appended to it. Throws ClewError
 * `malformed_payload` when the buffer is cut off, altered or of another version.
 */
export function decodeColumns(bytes: Uint8Array): SpanBatch {
  const reader = new SectionReader(bytes);
  const [spans, events, links, strings, resources, scopes] = reader.words(6) as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const batch = new SpanBatch();
  readStrings(reader, batch.strings, strings);
  readResources(reader, batch, resources);
  readScopes(reader, batch, scopes);
  readSpans(reader, batch, spans, events, links);
  readEvents(reader, batch, events);
  readLinks(reader, batch, links);
  reader.finish();
  return batch;
}

// Interning in order gives each string the id it had; a repeated string would not.
function readStrings(reader: SectionReader, strings: ByteDictionary, count: number): void {
  const offsets = reader.words(count + 1);
  const bytes = reader.bytes(offsets[count] as number);
  if (count < 1 || offsets[0] !== 0 || offsets[1] !== 0) malformed("string 0 is not empty");
  for (let id = 1; id < count; id++) {
    const from = offsets[id] as number;
    const to = offsets[id + 1] as number;
    if (from >= to || to > bytes.length) malformed("string offsets do not rise");
    if (strings.intern(bytes, from, to) !== id) malformed("a string occurs twice");
  }
  strings.release();
}

function readAttributes(
  reader: SectionReader,
  columns: AttributeColumns,
  strings: ByteDictionary,
): void {
  const [count] = reader.words(1) as unknown as [number];
  const keys = reader.indexes(count, strings.size);
  const types = reader.codes(count, MAX_VALUE_TYPE);
  const slots = reader.words(count * 2);
  for (let row = 0; row < count; row++) {
    const type = types[row] as ValueType;
    const low = slots[row * 2] as number;
    // String, Bytes, Array and KvList rows hold a string id.
    if ((type === 1 || type >= 5) && low >= strings.size) malformed("value id too large");
    columns.push(keys[row] as number, type, low, slots[row * 2 + 1] as number);
  }
}

function readResources(reader: SectionReader, batch: SpanBatch, count: number): void {
  const { resources, strings } = batch;
  readAttributes(reader, resources.attributes, strings);
  const offsets = reader.offsets(count, resources.attributes.length);
  const dropped = reader.words(count);
  const schemaUrl = reader.indexes(count, strings.size);
  const entityRefs = reader.indexes(count, strings.size);
  const serviceName = reader.indexes(count, strings.size);
  for (let i = 0; i < count; i++) {
    resources.add(`columns ${i}`, {
      droppedAttributes: dropped[i] as number,
      schemaUrl: schemaUrl[i] as number,
      entityRefs: entityRefs[i] as number,
      serviceName: serviceName[i] as number,
    });
  }
  resources.attributeOffsets.set(offsets);
}

function readScopes(reader: SectionReader, batch: SpanBatch, count: number): void {
  const { scopes, strings } = batch;
  readAttributes(reader, scopes.attributes, strings);
  const offsets = reader.offsets(count, scopes.attributes.length);
  const dropped = reader.words(count);
  const schemaUrl = reader.indexes(count, strings.size);
  const name = reader.indexes(count, strings.size);
  const version = reader.indexes(count, strings.size);
  for (let i = 0; i < count; i++) {
    scopes.add(`columns ${i}`, {
      droppedAttributes: dropped[i] as number,
      schemaUrl: schemaUrl[i] as number,
      name: name[i] as number,
      version: version[i] as number,
    });
  }
  scopes.attributeOffsets.set(offsets);
}

function readSpans(
  reader: SectionReader,
  batch: SpanBatch,
  count: number,
  events: number,
  links: number,
): void {
  const { strings } = batch;
  batch.tenant = reader.indexes(count, strings.size);
  batch.receivedSeconds = reader.words(count);
  batch.resource = reader.indexes(count, batch.resources.length);
  batch.scope = reader.indexes(count, batch.scopes.length);
  batch.traceIds = reader.bytes(count * 16);
  batch.spanIds = reader.bytes(count * 8);
  batch.parentIds = reader.bytes(count * 8);
  batch.traceState = reader.indexes(count, strings.size);
  batch.flags = reader.words(count);
  batch.name = reader.indexes(count, strings.size);
  batch.kind = reader.codes(count, 5);
  batch.start = reader.words(count * 2);
  batch.end = reader.words(count * 2);
  batch.status = reader.codes(count, 2);
  batch.statusMessage = reader.indexes(count, strings.size);
  batch.adjustedCount = reader.floats(count);
  batch.droppedAttributes = reader.words(count);
  batch.droppedEvents = reader.words(count);
  batch.droppedLinks = reader.words(count);
  readAttributes(reader, batch.attributes, strings);
  batch.attributeOffsets = reader.offsets(count, batch.attributes.length);
  batch.eventOffsets = reader.offsets(count, events);
  batch.linkOffsets = reader.offsets(count, links);
  batch.length = count;
}

function readEvents(reader: SectionReader, batch: SpanBatch, count: number): void {
  const { strings } = batch;
  batch.eventTime = reader.words(count * 2);
  batch.eventName = reader.indexes(count, strings.size);
  batch.eventDroppedAttributes = reader.words(count);
  readAttributes(reader, batch.eventAttributes, strings);
  batch.eventAttributeOffsets = reader.offsets(count, batch.eventAttributes.length);
  batch.eventCount = count;
}

function readLinks(reader: SectionReader, batch: SpanBatch, count: number): void {
  const { strings } = batch;
  batch.linkTraceIds = reader.bytes(count * 16);
  batch.linkSpanIds = reader.bytes(count * 8);
  batch.linkTraceState = reader.indexes(count, strings.size);
  batch.linkFlags = reader.words(count);
  batch.linkDroppedAttributes = reader.words(count);
  readAttributes(reader, batch.linkAttributes, strings);
  batch.linkAttributeOffsets = reader.offsets(count, batch.linkAttributes.length);
  batch.linkCount = count;
}
