// Builds small span batches for the tests of this folder.

import { SpanBatch, StatusCode, ValueType } from "@clew/model";

/** A span in words. Ids are small numbers; times are nanoseconds after an arbitrary instant. */
export interface SampleSpan {
  readonly id: number;
  readonly parent?: number;
  readonly start: number;
  readonly end: number;
  readonly name?: string;
  readonly service?: string;
  readonly error?: boolean;
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, string | number | bigint | boolean>>;
  readonly resource?: Readonly<Record<string, string>>;
  readonly events?: readonly string[];
}

/** When offset 0 is, nanoseconds since 1970. */
export const sampleEpoch: bigint = 1_760_000_000_123_456_789n;

/** A batch of the given spans, in the given order. */
export function sampleBatch(spans: readonly SampleSpan[]): SpanBatch {
  const batch = new SpanBatch();
  const { strings } = batch;
  batch.scopes.add("scope", {
    droppedAttributes: 0,
    schemaUrl: 0,
    name: strings.internText("sample-instrumentation"),
    version: 0,
  });
  for (const sample of spans) {
    const row = batch.beginSpan();
    writeId(batch.spanIds, row, sample.id);
    writeId(batch.parentIds, row, sample.parent ?? 0);
    writeTime(batch.start, row, sampleEpoch + BigInt(sample.start));
    writeTime(batch.end, row, sampleEpoch + BigInt(sample.end));
    batch.name[row] = strings.internText(sample.name ?? `span ${sample.id}`);
    batch.kind[row] = sample.kind ?? 0;
    batch.status[row] = sample.error === true ? StatusCode.Error : StatusCode.Unset;
    for (const [key, value] of Object.entries(sample.attributes ?? {}))
      pushAttribute(batch, key, value);
    for (const name of sample.events ?? []) {
      batch.eventName[batch.beginEvent()] = strings.internText(name);
      batch.commitEvent();
    }
    batch.commitSpan(resourceOf(batch, sample), 0);
  }
  return batch;
}

function resourceOf(batch: SpanBatch, sample: SampleSpan): number {
  const service = sample.service ?? "";
  const key = JSON.stringify([service, sample.resource ?? {}]);
  const known = batch.resources.find(key);
  if (known >= 0) return known;
  for (const [name, value] of Object.entries(sample.resource ?? {})) {
    batch.resources.attributes.push(
      batch.strings.internText(name),
      ValueType.String,
      batch.strings.internText(value),
      0,
    );
  }
  const serviceName = batch.strings.internText(service);
  return batch.resources.add(key, {
    droppedAttributes: 0,
    schemaUrl: 0,
    entityRefs: 0,
    serviceName,
  });
}

function pushAttribute(
  batch: SpanBatch,
  key: string,
  value: string | number | bigint | boolean,
): void {
  const id = batch.strings.internText(key);
  if (typeof value === "string")
    batch.attributes.push(id, ValueType.String, batch.strings.internText(value), 0);
  else if (typeof value === "boolean") batch.attributes.push(id, ValueType.Bool, value ? 1 : 0, 0);
  else if (typeof value === "bigint") {
    const bits = BigInt.asUintN(64, value);
    batch.attributes.push(id, ValueType.Int, Number(bits & 0xffffffffn), Number(bits >> 32n));
  } else {
    const words = new Uint32Array(new Float64Array([value]).buffer);
    batch.attributes.push(id, ValueType.Double, words[0] as number, words[1] as number);
  }
}

function writeId(ids: Uint8Array, row: number, id: number): void {
  new DataView(ids.buffer, ids.byteOffset).setBigUint64(row * 8, BigInt(id));
}

function writeTime(words: Uint32Array, row: number, nano: bigint): void {
  words[row * 2] = Number(nano & 0xffffffffn);
  words[row * 2 + 1] = Number(nano >> 32n);
}
