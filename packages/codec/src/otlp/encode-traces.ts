// SpanBatch to OTLP protobuf: TracesData, which has the same bytes as ExportTraceServiceRequest.

import type { SpanBatch } from "@clew/model";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { groupRows } from "./row-groups.ts";
import { writeAttributes, writeId, writeResource, writeScope, writeText } from "./value-writer.ts";

export interface TracesEncoding {
  /** Writes the status of every span, also one that is unset: Tempo's clients read it unasked. */
  readonly everyStatus?: boolean;
  /** Rows that are written; all when absent. */
  readonly chosen?: (row: number) => boolean;
}

/**
 * Spans `first .. stop` of `batch`, all unless told otherwise, as protobuf, grouped by resource and scope in
 * order of first appearance.
 */
export function encodeTraces(
  batch: SpanBatch,
  first = 0,
  stop: number = batch.length,
  { everyStatus = false, chosen = (): boolean => true }: TracesEncoding = {},
): Uint8Array<ArrayBuffer> {
  const { strings, resources, scopes } = batch;
  const writer = new WireWriter(1024 + (stop - first) * 256);
  const of = [batch.resource.subarray(first, stop), batch.scope.subarray(first, stop)] as const;
  for (const group of groupRows(...of, stop - first, (row) => chosen(first + row))) {
    const resourceSpans = writer.begin(0x0a);
    writeResource(writer, resources, strings, group.resource);
    for (const { scope, rows } of group.scopes) {
      const scopeSpans = writer.begin(0x12);
      writeScope(writer, scopes, strings, scope);
      for (const row of rows) writeSpan(writer, batch, first + row, everyStatus);
      writeText(writer, 0x1a, strings, scopes.schemaUrl[scope] as number);
      writer.end(scopeSpans);
    }
    writeText(writer, 0x1a, strings, resources.schemaUrl[group.resource] as number);
    writer.end(resourceSpans);
  }
  return writer.finish();
}

function writeSpan(writer: WireWriter, batch: SpanBatch, row: number, everyStatus: boolean): void {
  const { strings } = batch;
  const span = writer.begin(0x12);
  writeId(writer, 0x0a, batch.traceIds, row, 16);
  writeId(writer, 0x12, batch.spanIds, row, 8);
  writeText(writer, 0x1a, strings, batch.traceState[row] as number);
  writeId(writer, 0x22, batch.parentIds, row, 8);
  writeText(writer, 0x2a, strings, batch.name[row] as number);
  writer.uintField(0x30, batch.kind[row] as number);
  writeTime(writer, 0x39, batch.start, row);
  writeTime(writer, 0x41, batch.end, row);
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  writeAttributes(writer, 0x4a, batch.attributes, strings, from, to);
  writer.uintField(0x50, batch.droppedAttributes[row] as number);
  for (
    let i = batch.eventOffsets[row] as number;
    i < (batch.eventOffsets[row + 1] as number);
    i++
  ) {
    writeEvent(writer, batch, i);
  }
  writer.uintField(0x60, batch.droppedEvents[row] as number);
  for (let i = batch.linkOffsets[row] as number; i < (batch.linkOffsets[row + 1] as number); i++) {
    writeLink(writer, batch, i);
  }
  writer.uintField(0x70, batch.droppedLinks[row] as number);
  writeStatus(writer, batch, row, everyStatus);
  writeFlags(writer, 0x85, batch.flags[row] as number);
  writer.end(span);
}

function writeEvent(writer: WireWriter, batch: SpanBatch, index: number): void {
  const event = writer.begin(0x5a);
  writeTime(writer, 0x09, batch.eventTime, index);
  writeText(writer, 0x12, batch.strings, batch.eventName[index] as number);
  const from = batch.eventAttributeOffsets[index] as number;
  const to = batch.eventAttributeOffsets[index + 1] as number;
  writeAttributes(writer, 0x1a, batch.eventAttributes, batch.strings, from, to);
  writer.uintField(0x20, batch.eventDroppedAttributes[index] as number);
  writer.end(event);
}

function writeLink(writer: WireWriter, batch: SpanBatch, index: number): void {
  const link = writer.begin(0x6a);
  writeId(writer, 0x0a, batch.linkTraceIds, index, 16);
  writeId(writer, 0x12, batch.linkSpanIds, index, 8);
  writeText(writer, 0x1a, batch.strings, batch.linkTraceState[index] as number);
  const from = batch.linkAttributeOffsets[index] as number;
  const to = batch.linkAttributeOffsets[index + 1] as number;
  writeAttributes(writer, 0x22, batch.linkAttributes, batch.strings, from, to);
  writer.uintField(0x28, batch.linkDroppedAttributes[index] as number);
  writeFlags(writer, 0x35, batch.linkFlags[index] as number);
  writer.end(link);
}

function writeStatus(writer: WireWriter, batch: SpanBatch, row: number, always: boolean): void {
  const message = batch.statusMessage[row] as number;
  const code = batch.status[row] as number;
  if (!always && message === 0 && code === 0) return;
  const status = writer.begin(0x7a);
  writeText(writer, 0x12, batch.strings, message);
  writer.uintField(0x18, code);
  writer.end(status);
}

function writeTime(writer: WireWriter, tag: number, words: Uint32Array, row: number): void {
  writer.fixed64Field(tag, words[row * 2] as number, words[row * 2 + 1] as number);
}

function writeFlags(writer: WireWriter, tag: number, flags: number): void {
  if (flags === 0) return;
  writer.varint(tag);
  writer.fixed32(flags);
}
