// A span in Jaeger's model (jaeger-idl, api_v2/model.proto), made from the columns by OpenTelemetry's rules
// for Jaeger and for formats that are not OTLP: kind, status, scope, trace state and counts of what was
// dropped become tags; the parent and the links become references; events become logs.

import {
  type AttributeColumns,
  isZero,
  type SpanBatch,
  SpanKind,
  StatusCode,
  spanKindNames,
  toHex,
} from "@clew/model";
import { type AnyValue, rowValue } from "../otlp/any-value.ts";
import { type IdentifiedRow, sentIds, uniqueIds } from "./unique-ids.ts";

/** A tag of a span or a process, or a field of a log. */
export interface JaegerTag {
  readonly key: string;
  readonly value: AnyValue;
}

export interface JaegerReference {
  readonly refType: "CHILD_OF" | "FOLLOWS_FROM";
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
}

export interface JaegerLog {
  readonly timeNano: bigint;
  readonly fields: readonly JaegerTag[];
}

export interface JaegerSpan {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId: string;
  readonly operationName: string;
  readonly references: readonly JaegerReference[];
  /** 1 for sampled. */
  readonly flags: number;
  readonly startNano: bigint;
  /** Never negative. */
  readonly durationNano: bigint;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly JaegerLog[];
  /** Index into the batch's resources. */
  readonly resource: number;
  readonly warnings: readonly string[];
}

export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly JaegerTag[];
}

export interface JaegerEncoding {
  /** Leaves ids and copies as they were sent. */
  readonly raw?: boolean;
}

const REF_TYPE = "opentracing.ref_type";
const UNNAMED = "unknown_service";
const SHARED_ID =
  "the span shared its id with the client span that called it; it has an id of its own here";
const BACKWARDS = "the span ends before it starts; its duration is shown as 0";

/** The spans of `rows`, which belong to one trace. */
export function* jaegerSpans(
  batch: SpanBatch,
  rows: readonly number[],
  { raw = false }: JaegerEncoding,
): Generator<JaegerSpan, void, undefined> {
  for (const one of raw ? sentIds(batch, rows) : uniqueIds(batch, rows))
    yield jaegerSpan(batch, one);
}

function jaegerSpan(batch: SpanBatch, { row, spanId, parentId, isRenamed }: IdentifiedRow) {
  const traceId = toHex(batch.traceIds, row * 16, 16);
  const duration = batch.endNano(row) - batch.startNano(row);
  const warnings = isRenamed ? [SHARED_ID] : [];
  if (duration < 0n) warnings.push(BACKWARDS);
  return {
    traceId,
    spanId,
    operationName: batch.strings.text(batch.name[row] as number),
    references: references(batch, row, traceId, parentId),
    flags: (batch.flags[row] as number) & 1,
    startNano: batch.startNano(row),
    durationNano: duration < 0n ? 0n : duration,
    tags: spanTags(batch, row),
    logs: logs(batch, row),
    resource: batch.resource[row] as number,
    warnings,
  };
}

/** The process that a resource stands for: its service, and all other attributes as tags. */
export function jaegerProcess({ resources, strings }: SpanBatch, resource: number): JaegerProcess {
  const from = resources.attributeOffsets[resource] as number;
  const to = resources.attributeOffsets[resource + 1] as number;
  const rows = attributeTags(resources.attributes, strings, from, to);
  const serviceName = strings.text(resources.serviceName[resource] as number) || UNNAMED;
  const tags = rows.filter(({ key, value }) => key !== "service.name" || value.type !== "string");
  const dropped = resources.droppedAttributes[resource] as number;
  if (dropped > 0) tags.push(count("otel.dropped_attributes_count", dropped));
  return { serviceName, tags };
}

function references(
  batch: SpanBatch,
  row: number,
  traceId: string,
  parentId: string,
): JaegerReference[] {
  const list: JaegerReference[] = [];
  if (parentId !== "") list.push({ refType: "CHILD_OF", traceId, spanId: parentId });
  const to = batch.linkOffsets[row + 1] as number;
  for (let link = batch.linkOffsets[row] as number; link < to; link++) {
    const linked = {
      refType: linkType(batch, link),
      traceId: toHex(batch.linkTraceIds, link * 16, 16),
      spanId: toHex(batch.linkSpanIds, link * 8, 8),
    };
    if (!isZero(batch.linkTraceIds, link * 16, 16)) list.push(linked);
  }
  return list;
}

/** Links that came from OpenTracing say of which kind they were. */
function linkType(batch: SpanBatch, link: number): JaegerReference["refType"] {
  const from = batch.linkAttributeOffsets[link] as number;
  const to = batch.linkAttributeOffsets[link + 1] as number;
  const type = attributeTags(batch.linkAttributes, batch.strings, from, to).find(
    ({ key }) => key === REF_TYPE,
  );
  return type?.value.type === "string" && type.value.value === "child_of"
    ? "CHILD_OF"
    : "FOLLOWS_FROM";
}

function spanTags(batch: SpanBatch, row: number): JaegerTag[] {
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  const tags = attributeTags(batch.attributes, batch.strings, from, to);
  const own = new Set(tags.map(({ key }) => key));
  for (const tag of derivedTags(batch, row)) if (!own.has(tag.key)) tags.push(tag);
  return tags;
}

function* derivedTags(batch: SpanBatch, row: number): Generator<JaegerTag, void, undefined> {
  const { strings, scopes } = batch;
  const kind = batch.kind[row] as number;
  if (kind !== SpanKind.Unspecified) yield text("span.kind", spanKindNames[kind] ?? "unspecified");
  const status = batch.status[row] as number;
  if (status === StatusCode.Ok) yield text("otel.status_code", "OK");
  if (status === StatusCode.Error) {
    yield { key: "error", value: { type: "bool", value: true } };
    yield text("otel.status_code", "ERROR");
  }
  yield* texts("otel.status_description", strings.text(batch.statusMessage[row] as number));
  yield* texts("w3c.tracestate", strings.text(batch.traceState[row] as number));
  const scope = batch.scope[row] as number;
  yield* texts("otel.scope.name", strings.text(scopes.name[scope] as number));
  yield* texts("otel.scope.version", strings.text(scopes.version[scope] as number));
  const from = scopes.attributeOffsets[scope] as number;
  const to = scopes.attributeOffsets[scope + 1] as number;
  for (const { key, value } of attributeTags(scopes.attributes, strings, from, to))
    yield { key: `otel.scope.${key}`, value };
  yield* counts("otel.dropped_attributes_count", batch.droppedAttributes[row]);
  yield* counts("otel.dropped_events_count", batch.droppedEvents[row]);
  yield* counts("otel.dropped_links_count", batch.droppedLinks[row]);
}

function logs(batch: SpanBatch, row: number): JaegerLog[] {
  const list: JaegerLog[] = [];
  const to = batch.eventOffsets[row + 1] as number;
  for (let event = batch.eventOffsets[row] as number; event < to; event++) {
    list.push({
      timeNano:
        (BigInt(batch.eventTime[event * 2 + 1] as number) << 32n) |
        BigInt(batch.eventTime[event * 2] as number),
      fields: logFields(batch, event),
    });
  }
  return list;
}

function logFields(batch: SpanBatch, event: number): JaegerTag[] {
  const from = batch.eventAttributeOffsets[event] as number;
  const to = batch.eventAttributeOffsets[event + 1] as number;
  const fields = attributeTags(batch.eventAttributes, batch.strings, from, to);
  // OpenTelemetry's rule: an attribute `event` comes before the event's name.
  const name = batch.strings.text(batch.eventName[event] as number);
  if (name !== "" && !fields.some(({ key }) => key === "event"))
    fields.unshift(text("event", name));
  fields.push(...counts("otel.dropped_attributes_count", batch.eventDroppedAttributes[event]));
  return fields;
}

function attributeTags(
  columns: AttributeColumns,
  strings: SpanBatch["strings"],
  from: number,
  to: number,
): JaegerTag[] {
  const tags: JaegerTag[] = [];
  for (let row = from; row < to; row++) {
    const key = strings.text(columns.keys[row] as number);
    tags.push({ key, value: rowValue(columns, strings, row) });
  }
  return tags;
}

function text(key: string, value: string): JaegerTag {
  return { key, value: { type: "string", value } };
}

function texts(key: string, value: string): JaegerTag[] {
  return value === "" ? [] : [text(key, value)];
}

function count(key: string, value: number): JaegerTag {
  return { key, value: { type: "int", value: BigInt(value) } };
}

function counts(key: string, value: number | undefined): JaegerTag[] {
  return value === undefined || value === 0 ? [] : [count(key, value)];
}
