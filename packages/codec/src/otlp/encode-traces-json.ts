// SpanBatch to OTLP JSON, in pieces so that an answer can be streamed.

import type { SpanBatch } from "@clew/model";
import { ObjectText, resourceText, scopeText } from "./json-text-writer.ts";
import { groupRows } from "./row-groups.ts";

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

function* resourceSpansTexts(batch: SpanBatch): Generator<string, void, undefined> {
  const { strings, resources, scopes } = batch;
  let resourceSeparator = "";
  for (const group of groupRows(batch.resource, batch.scope, batch.length)) {
    const resource = resourceText(resources, strings, group.resource);
    yield `${resourceSeparator}{"resource":${resource},"scopeSpans":[`;
    resourceSeparator = ",";
    let scopeSeparator = "";
    for (const { scope, rows } of group.scopes) {
      yield `${scopeSeparator}{"scope":${scopeText(scopes, strings, scope)},"spans":[`;
      scopeSeparator = ",";
      let separator = "";
      for (const row of rows) {
        yield separator + spanText(batch, row);
        separator = ",";
      }
      yield `]${schemaUrlText(strings.text(scopes.schemaUrl[scope] as number))}}`;
    }
    yield `]${schemaUrlText(strings.text(resources.schemaUrl[group.resource] as number))}}`;
  }
}

function schemaUrlText(schemaUrl: string): string {
  return schemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(schemaUrl)}`;
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
  addList(text, "events", batch.eventOffsets, row, (index) => eventText(batch, index));
  text.number("droppedEventsCount", batch.droppedEvents[row]);
  addList(text, "links", batch.linkOffsets, row, (index) => linkText(batch, index));
  text.number("droppedLinksCount", batch.droppedLinks[row]);
  addStatus(text, batch, row);
  return text.number("flags", batch.flags[row]).finish();
}

function addList(
  text: ObjectText,
  name: string,
  offsets: Uint32Array,
  row: number,
  itemText: (index: number) => string,
): void {
  const items: string[] = [];
  const to = offsets[row + 1] as number;
  for (let index = offsets[row] as number; index < to; index++) items.push(itemText(index));
  if (items.length > 0) text.raw(name, `[${items.join(",")}]`);
}

function addStatus(text: ObjectText, batch: SpanBatch, row: number): void {
  const message = batch.strings.text(batch.statusMessage[row] as number);
  const code = batch.status[row] as number;
  if (message === "" && code === 0) return;
  text.raw("status", new ObjectText().text("message", message).number("code", code).finish());
}

function eventText(batch: SpanBatch, index: number): string {
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
