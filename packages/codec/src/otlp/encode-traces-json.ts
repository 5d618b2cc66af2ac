// SpanBatch to OTLP JSON, in pieces so that an answer can be streamed.

import type { SpanBatch } from "@clew/model";
import { groupTexts } from "./group-texts.ts";
import { ObjectText } from "./json-text-writer.ts";

/**
 * All spans of the batches as OTLP JSON (TracesData), one chunk a span or so. Joined, the chunks are one
 * JSON object. Spans are grouped by resource and scope in order of first appearance in their batch.
 */
export function* encodeTracesJson(
  ...batches: readonly SpanBatch[]
): Generator<string, void, undefined> {
  yield '{"resourceSpans":[';
  let separator = "";
  for (const batch of batches) {
    if (batch.length > 0) yield separator;
    yield* resourceSpansTexts(batch);
    if (batch.length > 0) separator = ",";
  }
  yield "]}";
}

function resourceSpansTexts(batch: SpanBatch): Generator<string, void, undefined> {
  return groupTexts(batch, {
    lists: ["scopeSpans", "spans"],
    recordText: (row) => spanText(batch, row),
    hasSchemaUrls: true,
  });
}

function spanText(batch: SpanBatch, row: number): string {
  const { strings } = batch;
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  const text = new ObjectText()
    .id("traceId", batch.traceIds, row, 16)
    .id("spanId", batch.spanIds, row, 8)
    .text("traceState", strings.text(batch.traceState[row] as number))
    .id("parentSpanId", batch.parentIds, row, 8)
    .text("name", strings.text(batch.name[row] as number))
    .number("kind", batch.kind[row])
    .time("startTimeUnixNano", batch.start, row)
    .time("endTimeUnixNano", batch.end, row)
    .attributes(batch.attributes, strings, from, to)
    .number("droppedAttributesCount", batch.droppedAttributes[row]);
  text.list("events", batch.eventOffsets, row, (index) => eventText(batch, index));
  text.number("droppedEventsCount", batch.droppedEvents[row]);
  text.list("links", batch.linkOffsets, row, (index) => linkText(batch, index));
  text.number("droppedLinksCount", batch.droppedLinks[row]);
  addStatus(text, batch, row);
  return text.number("flags", batch.flags[row]).finish();
}

function addStatus(text: ObjectText, batch: SpanBatch, row: number): void {
  const message = batch.strings.text(batch.statusMessage[row] as number);
  const code = batch.status[row] as number;
  if (message === "" && code === 0) return;
  text.raw("status", new ObjectText().text("message", message).number("code", code).finish());
}

/** A span's event; it has no field that tools write otherwise. */
export function eventText(batch: SpanBatch, index: number): string {
  const from = batch.eventAttributeOffsets[index] as number;
  const to = batch.eventAttributeOffsets[index + 1] as number;
  return new ObjectText()
    .time("timeUnixNano", batch.eventTime, index)
    .text("name", batch.strings.text(batch.eventName[index] as number))
    .attributes(batch.eventAttributes, batch.strings, from, to)
    .number("droppedAttributesCount", batch.eventDroppedAttributes[index])
    .finish();
}

function linkText(batch: SpanBatch, index: number): string {
  const from = batch.linkAttributeOffsets[index] as number;
  const to = batch.linkAttributeOffsets[index + 1] as number;
  return new ObjectText()
    .id("traceId", batch.linkTraceIds, index, 16)
    .id("spanId", batch.linkSpanIds, index, 8)
    .text("traceState", batch.strings.text(batch.linkTraceState[index] as number))
    .attributes(batch.linkAttributes, batch.strings, from, to)
    .number("droppedAttributesCount", batch.linkDroppedAttributes[index])
    .number("flags", batch.linkFlags[index])
    .finish();
}
