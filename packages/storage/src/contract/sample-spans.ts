// Spans for the contract suite, written into batches the way decoders do it.

import {
  type AttributeColumns,
  type ByteDictionary,
  fromHex,
  LogBatch,
  SpanBatch,
  ValueType,
} from "@clew/model";

export type SampleValue = string | number | bigint | boolean | undefined | Uint8Array;

export interface SampleSpan {
  readonly tenant?: string;
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly service?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly status?: number;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly duration?: bigint;
  readonly weight?: number;
  readonly attributes?: Readonly<Record<string, SampleValue>>;
  readonly resource?: Readonly<Record<string, SampleValue>>;
}

/** 32 hex digits that end in `number`. */
export function traceIdOf(number: number): string {
  // Spread like real ids, so that neighbours in the store are unrelated.
  return ((BigInt(number) * 0x9e3779b97f4a7c15f39cc0605cedc835n) % 2n ** 128n)
    .toString(16)
    .padStart(32, "0");
}

/** 16 hex digits. */
export function spanIdOf(number: number): string {
  return (BigInt(number) + 1n).toString(16).padStart(16, "0");
}

/** One batch of spans; whole numbers become doubles only when they have a fraction, bigints become ints. */
export function spanBatch(spans: readonly SampleSpan[], receivedSeconds: number): SpanBatch {
  const batch = new SpanBatch();
  for (const span of spans) {
    batch.beginRequest(span.tenant ?? "default", receivedSeconds);
    const row = batch.beginSpan();
    batch.traceIds.set(hex(span.trace), row * 16);
    batch.spanIds.set(hex(span.span), row * 8);
    if (span.parent !== undefined) batch.parentIds.set(hex(span.parent), row * 8);
    batch.name[row] = batch.strings.internText(span.name ?? "work");
    batch.kind[row] = span.kind ?? 1;
    batch.status[row] = span.status ?? 0;
    batch.adjustedCount[row] = span.weight ?? 1;
    setWords(batch.start, row, span.start);
    setWords(batch.end, row, span.start + (span.duration ?? 1_000_000n));
    pushAttributes(batch.attributes, batch.strings, span.attributes ?? {});
    batch.commitSpan(resourceOf(batch, span), scopeOf(batch));
  }
  return batch;
}

export interface SampleLog {
  readonly tenant?: string;
  readonly trace: string;
  /** Nanoseconds since 1970; 0 when the source gave none. */
  readonly time: bigint;
  readonly observed?: bigint;
  readonly body: string | undefined;
  readonly attributes?: Readonly<Record<string, SampleValue>>;
}

export function logBatch(logs: readonly SampleLog[], receivedSeconds: number): LogBatch {
  const batch = new LogBatch();
  for (const log of logs) {
    batch.beginRequest(log.tenant ?? "default", receivedSeconds);
    const row = batch.beginRecord();
    batch.traceIds.set(hex(log.trace), row * 16);
    setWords(batch.time, row, log.time);
    setWords(batch.observedTime, row, log.observed ?? log.time);
    if (log.body === undefined) batch.bodies.push(0, ValueType.Empty, 0, 0);
    else batch.bodies.push(0, ValueType.String, batch.strings.internText(log.body), 0);
    pushAttributes(batch.attributes, batch.strings, log.attributes ?? {});
    batch.commitRecord(resourceOf(batch, {}), scopeOf(batch));
  }
  return batch;
}

export function pushAttributes(
  into: AttributeColumns,
  strings: ByteDictionary,
  values: Readonly<Record<string, SampleValue>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    const key = strings.internText(name);
    if (typeof value === "string") into.push(key, ValueType.String, strings.internText(value), 0);
    else if (typeof value === "boolean") into.push(key, ValueType.Bool, value ? 1 : 0, 0);
    else if (typeof value === "bigint") {
      const bits = BigInt.asUintN(64, value);
      into.push(key, ValueType.Int, Number(bits & 0xffffffffn), Number(bits >> 32n));
    } else if (typeof value === "number") {
      const words = new Uint32Array(Float64Array.of(value).buffer);
      into.push(key, ValueType.Double, words[0] as number, words[1] as number);
    } else if (value instanceof Uint8Array) {
      into.push(key, ValueType.Bytes, strings.intern(value, 0, value.length), 0);
    } else into.push(key, ValueType.Empty, 0, 0);
  }
}

/** Attribute rows `from .. to` as name -> value, to compare whatever their order. */
export function attributeRecord(
  columns: AttributeColumns,
  strings: ByteDictionary,
  from: number,
  to: number,
): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let row = from; row < to; row++) {
    record[strings.text(columns.keys[row] as number)] = attributeValue(columns, strings, row);
  }
  return record;
}

function attributeValue(columns: AttributeColumns, strings: ByteDictionary, row: number): unknown {
  const low = columns.slots[row * 2] as number;
  switch (columns.types[row]) {
    case ValueType.String:
      return strings.text(low);
    case ValueType.Int:
      return columns.int(row);
    case ValueType.Double:
      return columns.double(row);
    case ValueType.Bool:
      return low === 1;
    case ValueType.Empty:
      return undefined;
    default:
      return `${columns.types[row]}:${Buffer.from(strings.view(low)).toString("hex")}`;
  }
}

function resourceOf(
  batch: SpanBatch | LogBatch,
  { service = "shop", resource = {} }: Partial<SampleSpan>,
): number {
  const attributes = { "service.name": service, ...resource };
  const key = Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
  const known = batch.resources.find(key);
  if (known >= 0) return known;
  pushAttributes(batch.resources.attributes, batch.strings, attributes);
  const serviceName = batch.strings.internText(service);
  return batch.resources.add(key, {
    droppedAttributes: 0,
    schemaUrl: 0,
    entityRefs: 0,
    serviceName,
  });
}

function scopeOf(batch: SpanBatch | LogBatch): number {
  const known = batch.scopes.find("scope");
  if (known >= 0) return known;
  pushAttributes(batch.scopes.attributes, batch.strings, { "scope.note": "s" });
  const name = batch.strings.internText("sample");
  return batch.scopes.add("scope", { droppedAttributes: 1, schemaUrl: 0, name, version: 0 });
}

function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`not hex: ${text}`);
  return bytes;
}

function setWords(words: Uint32Array, row: number, value: bigint): void {
  const bits = BigInt.asUintN(64, value);
  words[row * 2] = Number(bits & 0xffffffffn);
  words[row * 2 + 1] = Number(bits >> 32n);
}
