// Test support: a reader of SpansResponseChunk (jaeger-idl, api_v2), field by field and without the
// encoder. Tag values come in the words of Jaeger's JSON, numbers as `#` and their digits.

import { toHex } from "@clew/model";
import { WireReader } from "../../protobuf/wire-reader.ts";

interface ReadTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}

export interface ReadSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly operationName: string;
  readonly references: readonly { refType: string; traceId: string; spanId: string }[];
  readonly flags: number;
  readonly startNano: bigint;
  readonly durationNano: bigint;
  readonly tags: readonly ReadTag[];
  readonly logs: readonly { timeNano: bigint; fields: readonly ReadTag[] }[];
  readonly process: { serviceName: string; tags: readonly ReadTag[] } | undefined;
  readonly warnings: readonly string[];
}

type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new WireReader();
  reader.reset(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  const word = (): bigint => (BigInt(reader.high) << 32n) | BigInt(reader.low);
  while (reader.pos < bytes.length) {
    const tag = reader.tag(bytes.length, "test");
    let value: Uint8Array | bigint;
    if ((tag & 7) === 2) {
      const stop = reader.block(bytes.length, "test");
      value = bytes.slice(reader.pos, stop);
      reader.pos = stop;
    } else {
      if ((tag & 7) === 0) reader.varint(bytes.length, "test");
      else reader.fixed64(bytes.length, "test");
      value = word();
    }
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

function blocks(fields: Fields, field: number): Uint8Array[] {
  return (fields.get(field) ?? []).map((value) => value as Uint8Array);
}

function block(fields: Fields, field: number): Uint8Array {
  return blocks(fields, field)[0] ?? new Uint8Array(0);
}

function number(fields: Fields, field: number): bigint {
  return (fields.get(field)?.[0] as bigint | undefined) ?? 0n;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

function time(bytes: Uint8Array): bigint {
  const fields = fieldsOf(bytes);
  return number(fields, 1) * 1_000_000_000n + number(fields, 2);
}

function tagOf(bytes: Uint8Array): ReadTag {
  const fields = fieldsOf(bytes);
  const key = text(block(fields, 1));
  switch (number(fields, 2)) {
    case 1n:
      return { key, type: "bool", value: number(fields, 4) === 1n };
    case 2n: {
      const value = BigInt.asIntN(64, number(fields, 5));
      const isSafe = Number.isSafeInteger(Number(value));
      return { key, type: "int64", value: isSafe ? `#${value}` : String(value) };
    }
    case 3n: {
      const bits = BigUint64Array.of(number(fields, 6));
      const value = new Float64Array(bits.buffer)[0] as number;
      return { key, type: "float64", value: Number.isFinite(value) ? `#${value}` : String(value) };
    }
    case 4n:
      return { key, type: "binary", value: Buffer.from(block(fields, 7)).toString("base64") };
    default:
      return { key, type: "string", value: text(block(fields, 3)) };
  }
}

function span(bytes: Uint8Array): ReadSpan {
  const fields = fieldsOf(bytes);
  return {
    traceId: toHex(block(fields, 1)),
    spanId: toHex(block(fields, 2)),
    operationName: text(block(fields, 3)),
    references: blocks(fields, 4).map((inner) => {
      const reference = fieldsOf(inner);
      return {
        refType: number(reference, 3) === 1n ? "FOLLOWS_FROM" : "CHILD_OF",
        traceId: toHex(block(reference, 1)),
        spanId: toHex(block(reference, 2)),
      };
    }),
    flags: Number(number(fields, 5)),
    startNano: time(block(fields, 6)),
    durationNano: time(block(fields, 7)),
    tags: blocks(fields, 8).map(tagOf),
    logs: blocks(fields, 9).map((inner) => {
      const log = fieldsOf(inner);
      return { timeNano: time(block(log, 1)), fields: blocks(log, 2).map(tagOf) };
    }),
    process: process(block(fields, 10)),
    warnings: blocks(fields, 12).map(text),
  };
}

function process(bytes: Uint8Array): ReadSpan["process"] {
  const fields = fieldsOf(bytes);
  return { serviceName: text(block(fields, 1)), tags: blocks(fields, 2).map(tagOf) };
}

/** The spans of a SpansResponseChunk. */
export function readChunk(bytes: Uint8Array): ReadSpan[] {
  return blocks(fieldsOf(bytes), 1).map(span);
}
