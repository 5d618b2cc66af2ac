// SpanBatch to Zipkin's v2 JSON (openzipkin/zipkin-api, zipkin2-api.yaml): a trace is a list of spans, in pieces
// so that an answer can be streamed. Times are whole microseconds; a duration is at least one. An event with
// attributes becomes an annotation `"name": {...}`. Names keep their case.

import { isZero, type SpanBatch, SpanKind, toHex } from "@clew/model";
import { rowsByTrace } from "../columns/rows-by-trace.ts";
import { plainJsonObject } from "../value-json/plain.ts";
import { localEndpoint, remoteEndpoint, type ZipkinEndpoint } from "./endpoints.ts";
import { entriesOf, zipkinTags } from "./zipkin-tags.ts";

const KINDS: Readonly<Record<number, string>> = {
  [SpanKind.Server]: "SERVER",
  [SpanKind.Client]: "CLIENT",
  [SpanKind.Producer]: "PRODUCER",
  [SpanKind.Consumer]: "CONSUMER",
};
const UNNAMED = "unknown_service";

/** The traces of `batch` as lists of spans with commas between them; one chunk a span. Empty for an empty batch. */
export function* encodeZipkinTracesJson(batch: SpanBatch): Generator<string, void, undefined> {
  const clients = clientIds(batch);
  let separator = "[";
  for (const rows of rowsByTrace(batch).values()) {
    for (const row of rows) {
      yield separator + spanText(batch, row, clients);
      separator = ",";
    }
    yield "]";
    separator = ",[";
  }
}

/** A server span that goes by the id of a client span shares it: the two halves of one call. */
function clientIds(batch: SpanBatch): ReadonlySet<string> {
  const ids = new Set<string>();
  for (let row = 0; row < batch.length; row++)
    if (batch.kind[row] === SpanKind.Client) ids.add(sharedKey(batch, row));
  return ids;
}

function sharedKey(batch: SpanBatch, row: number): string {
  return toHex(batch.traceIds, row * 16, 16) + toHex(batch.spanIds, row * 8, 8);
}

function spanText(batch: SpanBatch, row: number, clients: ReadonlySet<string>): string {
  const { strings, resources } = batch;
  const kind = batch.kind[row] as number;
  const kindName = KINDS[kind];
  const tags = zipkinTags(batch, row);
  const service = strings.text(resources.serviceName[batch.resource[row] as number] as number);
  const remote = kindName === undefined ? undefined : remoteEndpoint(kind, tags);
  const fields = [`"traceId":"${traceIdText(batch, row)}"`];
  if (!isZero(batch.parentIds, row * 8, 8))
    fields.push(`"parentId":"${toHex(batch.parentIds, row * 8, 8)}"`);
  fields.push(`"id":"${toHex(batch.spanIds, row * 8, 8)}"`);
  if (kindName !== undefined) fields.push(`"kind":"${kindName}"`);
  const name = strings.text(batch.name[row] as number);
  if (name !== "") fields.push(`"name":${JSON.stringify(name)}`);
  fields.push(...timeFields(batch, row));
  fields.push(`"localEndpoint":${endpointText(localEndpoint(service || UNNAMED, tags))}`);
  if (remote !== undefined) fields.push(`"remoteEndpoint":${endpointText(remote)}`);
  const annotations = annotationTexts(batch, row);
  if (annotations.length > 0) fields.push(`"annotations":[${annotations.join(",")}]`);
  if (tags.size > 0) fields.push(`"tags":${tagsText(tags)}`);
  if (kind === SpanKind.Server && clients.has(sharedKey(batch, row))) fields.push('"shared":true');
  return `{${fields.join(",")}}`;
}

/** 16 digits for a 64-bit id, which is how its sender wrote it. */
function traceIdText(batch: SpanBatch, row: number): string {
  return isZero(batch.traceIds, row * 16, 8)
    ? toHex(batch.traceIds, row * 16 + 8, 8)
    : toHex(batch.traceIds, row * 16, 16);
}

function timeFields(batch: SpanBatch, row: number): string[] {
  const start = batch.startNano(row) / 1000n;
  const duration = batch.endNano(row) - batch.startNano(row);
  const fields = start > 0n ? [`"timestamp":${start}`] : [];
  if (duration < 0n) return fields;
  const micros = duration / 1000n;
  return [...fields, `"duration":${micros > 0n ? micros : 1n}`];
}

function annotationTexts(batch: SpanBatch, row: number): string[] {
  const texts: string[] = [];
  const to = batch.eventOffsets[row + 1] as number;
  for (let event = batch.eventOffsets[row] as number; event < to; event++) {
    const high = batch.eventTime[event * 2 + 1] as number;
    const nano = (BigInt(high) << 32n) | BigInt(batch.eventTime[event * 2] as number);
    const value = JSON.stringify(annotationValue(batch, event));
    texts.push(`{"timestamp":${nano / 1000n},"value":${value}}`);
  }
  return texts;
}

function annotationValue(batch: SpanBatch, event: number): string {
  const name = batch.strings.text(batch.eventName[event] as number);
  const entries = entriesOf(
    batch.eventAttributes,
    batch.strings,
    batch.eventAttributeOffsets[event] as number,
    batch.eventAttributeOffsets[event + 1] as number,
  );
  return entries.length === 0 ? name : `${JSON.stringify(name)}: ${plainJsonObject(entries)}`;
}

function endpointText({ serviceName, ipv4, ipv6, port }: ZipkinEndpoint): string {
  return JSON.stringify({ serviceName, ipv4, ipv6, port });
}

function tagsText(tags: ReadonlyMap<string, string>): string {
  const texts = [...tags].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `{${texts.join(",")}}`;
}
