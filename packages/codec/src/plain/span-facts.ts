// A batch of spans as plain objects.

import {
  type AttributeColumns,
  type FactValue,
  type SpanBatch,
  type SpanFacts,
  spanKindNames,
  statusCodeNames,
  toHex,
} from "@clew/model";
import { toBase64 } from "../json/base64.ts";
import { type AnyValue, rowValue } from "../otlp/any-value.ts";

/** Every span of the batch, in its order. */
export function spanFacts(batch: SpanBatch): SpanFacts[] {
  const resources = Array.from({ length: batch.resources.length }, (_, at) => {
    const { attributes, attributeOffsets } = batch.resources;
    return values(batch, attributes, attributeOffsets[at] ?? 0, attributeOffsets[at + 1] ?? 0);
  });
  return Array.from({ length: batch.length }, (_, row) => factsOfSpan(batch, row, resources));
}

function factsOfSpan(
  batch: SpanBatch,
  row: number,
  resources: readonly Record<string, FactValue>[],
): SpanFacts {
  const resource = batch.resource[row] ?? 0;
  const { attributes, attributeOffsets } = batch;
  const parent = hex(batch.parentIds, row, 8);
  return {
    traceId: hex(batch.traceIds, row, 16),
    spanId: hex(batch.spanIds, row, 8),
    parentSpanId: /^0+$/.test(parent) ? "" : parent,
    service: batch.strings.text(batch.resources.serviceName[resource] ?? 0) || "unknown service",
    name: batch.strings.text(batch.name[row] ?? 0),
    kind: spanKindNames[batch.kind[row] ?? 0] ?? "unspecified",
    status: statusCodeNames[batch.status[row] ?? 0] ?? "unset",
    startUnixNano: batch.startNano(row),
    durationNano: Math.max(0, batch.durationNano(row)),
    attributes: values(
      batch,
      attributes,
      attributeOffsets[row] ?? 0,
      attributeOffsets[row + 1] ?? 0,
    ),
    resource: resources[resource] ?? {},
    links: linksOf(batch, row),
  };
}

function linksOf(batch: SpanBatch, row: number): SpanFacts["links"] {
  const links = [];
  for (let at = batch.linkOffsets[row] ?? 0; at < (batch.linkOffsets[row + 1] ?? 0); at++)
    links.push({ traceId: hex(batch.linkTraceIds, at, 16), spanId: hex(batch.linkSpanIds, at, 8) });
  return links;
}

function values(
  batch: SpanBatch,
  columns: AttributeColumns,
  from: number,
  to: number,
): Record<string, FactValue> {
  const found: Record<string, FactValue> = {};
  for (let row = from; row < to; row++) {
    const key = batch.strings.text(columns.keys[row] ?? 0);
    Object.defineProperty(found, key, {
      value: plain(rowValue(columns, batch.strings, row)),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return found;
}

function plain(value: AnyValue): FactValue {
  switch (value.type) {
    case "empty":
      return undefined;
    case "bytes":
      return toBase64(value.value);
    case "array":
      return value.items.map(plain);
    case "kvlist":
      return Object.fromEntries(value.entries.map(([key, one]) => [key, plain(one)]));
    default:
      return value.value;
  }
}

function hex(bytes: Uint8Array, row: number, width: number): string {
  return toHex(bytes, row * width, width);
}
