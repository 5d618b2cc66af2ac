// What of a span becomes Zipkin tags, which are texts: attributes of the resource and of the span (the
// span's win), status, scope, trace state, links, and counts of what was dropped. By OpenTelemetry's rules
// for Zipkin; links in the words of the OpenTelemetry collector (`otlp.link.N`).

import { type AttributeColumns, type SpanBatch, StatusCode, toHex } from "@clew/model";
import { type AnyValue, rowValue } from "../otlp/any-value.ts";
import { plainJsonObject, plainText } from "../value-json/plain.ts";

/** Tags of span `row`, in the order they are written. */
export function zipkinTags(batch: SpanBatch, row: number): Map<string, string> {
  const { strings, resources, scopes } = batch;
  const tags = new Map<string, string>();
  const resource = batch.resource[row] as number;
  for (const [key, value] of entriesAt(resources, strings, resource))
    if (key !== "service.name" || value.type !== "string") tags.set(key, plainText(value));
  for (const [key, value] of entriesAt(batch, strings, row)) tags.set(key, plainText(value));
  addStatus(tags, batch, row);
  const scope = batch.scope[row] as number;
  addText(tags, "otel.scope.name", strings.text(scopes.name[scope] as number));
  addText(tags, "otel.scope.version", strings.text(scopes.version[scope] as number));
  for (const [key, value] of entriesAt(scopes, strings, scope))
    tags.set(`otel.scope.${key}`, plainText(value));
  addText(tags, "w3c.tracestate", strings.text(batch.traceState[row] as number));
  addCount(tags, "otel.dropped_attributes_count", batch.droppedAttributes[row]);
  addCount(tags, "otel.dropped_events_count", batch.droppedEvents[row]);
  addCount(tags, "otel.dropped_links_count", batch.droppedLinks[row]);
  addLinks(tags, batch, row);
  return tags;
}

/** Attribute rows `from .. to` as entries. */
export function entriesOf(
  columns: AttributeColumns,
  strings: SpanBatch["strings"],
  from: number,
  to: number,
): (readonly [string, AnyValue])[] {
  const entries: (readonly [string, AnyValue])[] = [];
  for (let row = from; row < to; row++) {
    const key = strings.text(columns.keys[row] as number);
    entries.push([key, rowValue(columns, strings, row)]);
  }
  return entries;
}

function entriesAt(
  table: { readonly attributes: AttributeColumns; readonly attributeOffsets: Uint32Array },
  strings: SpanBatch["strings"],
  index: number,
): (readonly [string, AnyValue])[] {
  const from = table.attributeOffsets[index] as number;
  return entriesOf(table.attributes, strings, from, table.attributeOffsets[index + 1] as number);
}

/** A tag `error` makes a span an error for Zipkin's readers, whatever its value. */
function addStatus(tags: Map<string, string>, batch: SpanBatch, row: number): void {
  const status = batch.status[row];
  const message = batch.strings.text(batch.statusMessage[row] as number);
  if (status === StatusCode.Ok) tags.set("otel.status_code", "OK");
  if (status !== StatusCode.Error) {
    addText(tags, "otel.status_description", message);
    return;
  }
  tags.set("otel.status_code", "ERROR");
  tags.set("error", message || (tags.get("error") ?? ""));
}

function addLinks(tags: Map<string, string>, batch: SpanBatch, row: number): void {
  const first = batch.linkOffsets[row] as number;
  const to = batch.linkOffsets[row + 1] as number;
  for (let link = first; link < to; link++) {
    const parts = [
      toHex(batch.linkTraceIds, link * 16, 16),
      toHex(batch.linkSpanIds, link * 8, 8),
      batch.strings.text(batch.linkTraceState[link] as number),
      plainJsonObject(
        entriesOf(
          batch.linkAttributes,
          batch.strings,
          batch.linkAttributeOffsets[link] as number,
          batch.linkAttributeOffsets[link + 1] as number,
        ),
      ),
      String(batch.linkDroppedAttributes[link]),
    ];
    tags.set(`otlp.link.${link - first}`, parts.join("|"));
  }
}

function addText(tags: Map<string, string>, key: string, value: string): void {
  if (value !== "") tags.set(key, value);
}

function addCount(tags: Map<string, string>, key: string, value: number | undefined): void {
  if (value !== undefined && value !== 0) tags.set(key, String(value));
}
