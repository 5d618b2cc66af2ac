// A trace for language models (application/vnd.grafana.llm): grouped by service, attributes as plain values.

import { type AnyValue, rowValue, toBase64 } from "@clew/codec";
import {
  type AttributeColumns,
  type SpanBatch,
  spanKindNames,
  statusCodeNames,
  toHex,
} from "@clew/model";

type Plain =
  | string
  | number
  | boolean
  | null
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** The `trace` field of the answer. */
export function llmTrace(batch: SpanBatch, chosen: (row: number) => boolean): Plain {
  const services = new Map<number, Map<number, Plain[]>>();
  for (let row = 0; row < batch.length; row++) {
    if (!chosen(row)) continue;
    const resource = batch.resource[row] as number;
    const scope = batch.scope[row] as number;
    const scopes = services.get(resource) ?? new Map<number, Plain[]>();
    services.set(resource, scopes.set(scope, [...(scopes.get(scope) ?? []), span(batch, row)]));
  }
  return {
    traceId: batch.length === 0 ? "" : toHex(batch.traceIds, 0, 16),
    services: [...services].map(([resource, scopes]) => service(batch, resource, scopes)),
  };
}

function service(batch: SpanBatch, resource: number, scopes: Map<number, Plain[]>): Plain {
  const { resources, strings } = batch;
  return {
    serviceName: strings.text(resources.serviceName[resource] as number),
    resource: plainAttributes(batch, resources.attributes, resources.attributeOffsets, resource),
    scopes: [...scopes].map(([scope, spans]) => ({
      name: strings.text(batch.scopes.name[scope] as number),
      version: strings.text(batch.scopes.version[scope] as number),
      spans,
    })),
  };
}

function span(batch: SpanBatch, row: number): Plain {
  const { strings } = batch;
  return {
    spanId: toHex(batch.spanIds, row * 8, 8),
    name: strings.text(batch.name[row] as number),
    parentSpanId: toHex(batch.parentIds, row * 8, 8).replace(/^0+$/, ""),
    kind: spanKindNames[batch.kind[row] as number] ?? "unspecified",
    startTimeUnixNano: String(batch.startNano(row)),
    endTimeUnixNano: String(batch.endNano(row)),
    durationMs: batch.durationNano(row) / 1e6,
    attributes: plainAttributes(batch, batch.attributes, batch.attributeOffsets, row),
    events: each(batch.eventOffsets, row, (i) => ({
      name: strings.text(batch.eventName[i] as number),
      attributes: plainAttributes(batch, batch.eventAttributes, batch.eventAttributeOffsets, i),
    })),
    links: each(batch.linkOffsets, row, (i) => ({
      traceId: toHex(batch.linkTraceIds, i * 16, 16),
      spanId: toHex(batch.linkSpanIds, i * 8, 8),
      attributes: plainAttributes(batch, batch.linkAttributes, batch.linkAttributeOffsets, i),
    })),
    status: {
      code: statusCodeNames[batch.status[row] as number] ?? "unset",
      message: strings.text(batch.statusMessage[row] as number),
    },
  };
}

function each(offsets: Uint32Array, row: number, item: (index: number) => Plain): Plain[] {
  const items: Plain[] = [];
  for (let i = offsets[row] as number; i < (offsets[row + 1] as number); i++) items.push(item(i));
  return items;
}

function plainAttributes(
  batch: SpanBatch,
  columns: AttributeColumns,
  offsets: Uint32Array,
  row: number,
): Plain {
  const pairs = each(offsets, row, (i) => [
    batch.strings.text(columns.keys[i] as number),
    plain(rowValue(columns, batch.strings, i)),
  ]);
  return Object.fromEntries(pairs as [string, Plain][]);
}

function plain(value: AnyValue): Plain {
  switch (value.type) {
    case "empty":
      return null;
    case "string":
    case "bool":
      return value.value;
    case "int":
      return Number.isSafeInteger(Number(value.value)) ? Number(value.value) : String(value.value);
    case "double":
      return Number.isFinite(value.value) ? value.value : String(value.value);
    case "bytes":
      return toBase64(value.value);
    case "array":
      return value.items.map(plain);
    case "kvlist":
      return Object.fromEntries(value.entries.map(([key, item]) => [key, plain(item)]));
  }
}
