// A trace as Tempo answers it in JSON: as OTLP JSON, but by the rules of Go's jsonpb, so ids are base64 and
// kinds and status codes are names. Scope and status are always there.

import type { SpanBatch } from "@clew/model";
import { toBase64 } from "../json/base64.ts";
import { eventText } from "../otlp/encode-traces-json.ts";
import { groupTexts } from "../otlp/group-texts.ts";
import { ObjectText } from "../otlp/json-text-writer.ts";
import type { SpanChoice } from "./encode-trace.ts";

const kinds = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
  (name) => `"SPAN_KIND_${name}"`,
);
const codes = ["UNSET", "OK", "ERROR"].map((name) => `"STATUS_CODE_${name}"`);

/**
 * tempopb.Trace in pieces, one object when joined. `field`: `batches` is version 1's name of the list,
 * `resourceSpans` that of version 2.
 */
export function* encodeTempoTraceJson(
  batch: SpanBatch,
  field: "batches" | "resourceSpans",
  chosen?: SpanChoice,
): Generator<string, void, undefined> {
  yield `{"${field}":[`;
  yield* groupTexts(batch, {
    lists: ["scopeSpans", "spans"],
    recordText: (row) => spanText(batch, row),
    chosen,
    hasSchemaUrls: false,
  });
  yield "]}";
}

function spanText(batch: SpanBatch, row: number): string {
  const { strings } = batch;
  const text = new ObjectText();
  addId(text, "traceId", batch.traceIds, row, 16);
  addId(text, "spanId", batch.spanIds, row, 8);
  text.text("traceState", strings.text(batch.traceState[row] as number));
  addId(text, "parentSpanId", batch.parentIds, row, 8);
  text.number("flags", batch.flags[row]);
  text.text("name", strings.text(batch.name[row] as number));
  text.raw("kind", kinds[batch.kind[row] as number] ?? '"SPAN_KIND_UNSPECIFIED"');
  text.time("startTimeUnixNano", batch.start, row).time("endTimeUnixNano", batch.end, row);
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  text.attributes(batch.attributes, strings, from, to);
  text.number("droppedAttributesCount", batch.droppedAttributes[row]);
  text.list("events", batch.eventOffsets, row, (index) => eventText(batch, index));
  text.number("droppedEventsCount", batch.droppedEvents[row]);
  text.list("links", batch.linkOffsets, row, (index) => linkText(batch, index));
  text.number("droppedLinksCount", batch.droppedLinks[row]);
  const status = new ObjectText().text("message", strings.text(batch.statusMessage[row] as number));
  const code = batch.status[row] as number;
  if (code !== 0) status.raw("code", codes[code] ?? '"STATUS_CODE_UNSET"');
  return text.raw("status", status.finish()).finish();
}

function linkText(batch: SpanBatch, index: number): string {
  const from = batch.linkAttributeOffsets[index] as number;
  const to = batch.linkAttributeOffsets[index + 1] as number;
  const text = new ObjectText();
  addId(text, "traceId", batch.linkTraceIds, index, 16);
  addId(text, "spanId", batch.linkSpanIds, index, 8);
  return text
    .text("traceState", batch.strings.text(batch.linkTraceState[index] as number))
    .attributes(batch.linkAttributes, batch.strings, from, to)
    .number("droppedAttributesCount", batch.linkDroppedAttributes[index])
    .number("flags", batch.linkFlags[index])
    .finish();
}

function addId(
  text: ObjectText,
  name: string,
  column: Uint8Array,
  row: number,
  size: number,
): void {
  const id = column.subarray(row * size, row * size + size);
  if (id.some((byte) => byte !== 0)) text.raw(name, `"${toBase64(id)}"`);
}
