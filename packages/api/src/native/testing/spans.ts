// Test data: plain spans and log records into the columns the store hands out.

import {
  fromHex,
  LogBatch,
  SpanBatch,
  type SpanKind,
  type StatusCode,
  ValueType,
} from "@clew/model";

export interface TestSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly service: string;
  readonly name: string;
  readonly startNano: bigint;
  readonly durationNano: number;
  readonly kind?: SpanKind;
  readonly status?: StatusCode;
  readonly attributes?: Readonly<Record<string, string | bigint>>;
}

/** Spans of one trace as one batch, in the order given. */
export function spanBatch(spans: readonly TestSpan[]): SpanBatch {
  const batch = new SpanBatch();
  batch.beginRequest("default", 0);
  const scope = batch.scopes.add("", { droppedAttributes: 0, schemaUrl: 0, name: 0, version: 0 });
  for (const span of spans) {
    const row = batch.beginSpan();
    batch.traceIds.set(bytes(span.traceId), row * 16);
    batch.spanIds.set(bytes(span.spanId), row * 8);
    if (span.parentId !== undefined) batch.parentIds.set(bytes(span.parentId), row * 8);
    batch.name[row] = batch.strings.internText(span.name);
    batch.kind[row] = span.kind ?? 0;
    batch.status[row] = span.status ?? 0;
    setWords(batch.start, row, span.startNano);
    setWords(batch.end, row, span.startNano + BigInt(span.durationNano));
    for (const [key, value] of Object.entries(span.attributes ?? {}))
      pushAttribute(batch, key, value);
    batch.commitSpan(resourceOf(batch, span.service), scope);
  }
  return batch;
}

export interface TestLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly timeNano: bigint;
  /** Text, or a number for a body that is no string. */
  readonly body: string | bigint;
  readonly attributes?: Readonly<Record<string, string | bigint>>;
}

/** Log records as one batch, in the order given. */
export function logBatch(logs: readonly TestLog[]): LogBatch {
  const batch = new LogBatch();
  batch.beginRequest("default", 0);
  const scope = batch.scopes.add("", { droppedAttributes: 0, schemaUrl: 0, name: 0, version: 0 });
  for (const log of logs) {
    const row = batch.beginRecord();
    batch.traceIds.set(bytes(log.traceId), row * 16);
    batch.spanIds.set(bytes(log.spanId), row * 8);
    batch.severityNumber[row] = 9;
    batch.severityText[row] = batch.strings.internText("INFO");
    setWords(batch.time, row, log.timeNano);
    pushValue(batch.bodies, batch.strings.internText.bind(batch.strings), 0, log.body);
    for (const [key, value] of Object.entries(log.attributes ?? {}))
      pushAttribute(batch, key, value);
    batch.commitRecord(resourceOf(batch, log.service), scope);
  }
  return batch;
}

function bytes(hex: string): Uint8Array<ArrayBuffer> {
  const found = fromHex(hex);
  if (found === undefined) throw new Error(`${hex} is not hex`);
  return found;
}

function setWords(column: Uint32Array, row: number, value: bigint): void {
  column[row * 2] = Number(value & 0xffffffffn);
  column[row * 2 + 1] = Number(value >> 32n);
}

function pushAttribute(batch: SpanBatch | LogBatch, key: string, value: string | bigint): void {
  const intern = (text: string): number => batch.strings.internText(text);
  pushValue(batch.attributes, intern, intern(key), value);
}

function pushValue(
  rows: SpanBatch["attributes"],
  intern: (text: string) => number,
  key: number,
  value: string | bigint,
): void {
  if (typeof value === "string") rows.push(key, ValueType.String, intern(value), 0);
  else
    rows.push(
      key,
      ValueType.Int,
      Number(value & 0xffffffffn),
      Number((value >> 32n) & 0xffffffffn),
    );
}

function resourceOf(batch: SpanBatch | LogBatch, service: string): number {
  const known = batch.resources.find(service);
  if (known >= 0) return known;
  const serviceName = batch.strings.internText(service);
  const key = batch.strings.internText("service.name");
  batch.resources.attributes.push(key, ValueType.String, serviceName, 0);
  return batch.resources.add(service, {
    droppedAttributes: 0,
    schemaUrl: 0,
    entityRefs: 0,
    serviceName,
  });
}
