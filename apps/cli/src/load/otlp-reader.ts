// Reads back the generator's own OTLP protobuf: to list what a batch holds, and to say the same in
// OTLP/JSON. It trusts its input; @clew/codec is what reads other people's bytes.

import { toHex } from "@clew/model";

type Json = Record<string, unknown>;
type Visit = (field: number, from: number, to: number) => void;

const decoder = new TextDecoder();

function readVarint(bytes: Uint8Array, at: number): [value: bigint, next: number] {
  let value = 0n;
  let shift = 0n;
  let next = at;
  for (;;) {
    const byte = bytes[next++] as number;
    value |= BigInt(byte & 127) << shift;
    if (!(byte >= 128)) return [value, next];
    shift += 7n;
  }
}

function readLength(bytes: Uint8Array, at: number): [value: number, next: number] {
  let value = 0;
  let scale = 1;
  let next = at;
  for (;;) {
    const byte = bytes[next++] as number;
    value += (byte & 127) * scale;
    // Written so that the end of the bytes (undefined) ends the number too.
    if (!(byte >= 128)) return [value, next];
    scale *= 128;
  }
}

/** The unsigned varint at `from`; exact below 2^53. */
export function varintAt(bytes: Uint8Array, from: number): number {
  return readLength(bytes, from)[0];
}

/** Calls `visit` for every field of the message `bytes[from .. to]` with where its value lies. */
export function fields(bytes: Uint8Array, from: number, to: number, visit: Visit): void {
  let at = from;
  while (at < to) {
    const [tag, afterTag] = readLength(bytes, at);
    const wire = tag & 7;
    let start = afterTag;
    let end: number;
    if (wire === 2) {
      const [length, next] = readLength(bytes, start);
      start = next;
      end = next + length;
    } else if (wire === 0) {
      end = readLength(bytes, start)[1];
    } else {
      end = start + (wire === 1 ? 8 : 4);
    }
    visit(tag >>> 3, start, end);
    at = end;
  }
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return decoder.decode(bytes.subarray(from, to));
}

function view(bytes: Uint8Array, from: number, to: number): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + from, to - from);
}

function anyValue(bytes: Uint8Array, from: number, to: number): Json {
  const value: Json = {};
  fields(bytes, from, to, (field, start, end) => {
    if (field === 1) value["stringValue"] = text(bytes, start, end);
    if (field === 2) value["boolValue"] = bytes[start] === 1;
    if (field === 3) value["intValue"] = readVarint(bytes, start)[0].toString();
    if (field === 4) value["doubleValue"] = view(bytes, start, end).getFloat64(0, true);
    if (field === 5) value["arrayValue"] = arrayValue(bytes, start, end);
  });
  return value;
}

function arrayValue(bytes: Uint8Array, from: number, to: number): Json {
  const values: Json[] = [];
  fields(bytes, from, to, (_field, start, end) => values.push(anyValue(bytes, start, end)));
  return { values };
}

function keyValue(bytes: Uint8Array, from: number, to: number): Json {
  const pair: Json = {};
  fields(bytes, from, to, (field, start, end) => {
    if (field === 1) pair["key"] = text(bytes, start, end);
    else pair["value"] = anyValue(bytes, start, end);
  });
  return pair;
}

type Read = (bytes: Uint8Array, from: number, to: number) => unknown;
interface Rule {
  readonly name: string;
  readonly read: Read;
  readonly repeated?: true;
}
type Message = Readonly<Record<number, Rule>>;

const asText: Read = text;
const asId: Read = (bytes, from, to) => toHex(bytes, from, to - from);
const asTime: Read = (bytes, from, to) => view(bytes, from, to).getBigUint64(0, true).toString();
const asWord: Read = (bytes, from, to) => view(bytes, from, to).getUint32(0, true);
const asNumber: Read = (bytes, from) => readLength(bytes, from)[0];
const attributes: Rule = { name: "attributes", read: keyValue, repeated: true };

function message(rules: Message): Read {
  return (bytes, from, to) => {
    const object: Json = {};
    fields(bytes, from, to, (field, start, end) => {
      const rule = rules[field];
      if (rule === undefined) return;
      const value = rule.read(bytes, start, end);
      if (rule.repeated) ((object[rule.name] ??= []) as unknown[]).push(value);
      else object[rule.name] = value;
    });
    return object;
  };
}

const event = message({
  1: { name: "timeUnixNano", read: asTime },
  2: { name: "name", read: asText },
  3: attributes,
});
const link = message({
  1: { name: "traceId", read: asId },
  2: { name: "spanId", read: asId },
  6: { name: "flags", read: asWord },
});
const status = message({
  2: { name: "message", read: asText },
  3: { name: "code", read: asNumber },
});
const span = message({
  1: { name: "traceId", read: asId },
  2: { name: "spanId", read: asId },
  3: { name: "traceState", read: asText },
  4: { name: "parentSpanId", read: asId },
  5: { name: "name", read: asText },
  6: { name: "kind", read: asNumber },
  7: { name: "startTimeUnixNano", read: asTime },
  8: { name: "endTimeUnixNano", read: asTime },
  9: attributes,
  11: { name: "events", read: event, repeated: true },
  13: { name: "links", read: link, repeated: true },
  15: { name: "status", read: status },
  16: { name: "flags", read: asWord },
});
const scope = message({ 1: { name: "name", read: asText }, 2: { name: "version", read: asText } });
const scopeSpans = message({
  1: { name: "scope", read: scope },
  2: { name: "spans", read: span, repeated: true },
});
const resourceSpans = message({
  1: { name: "resource", read: message({ 1: attributes }) },
  2: { name: "scopeSpans", read: scopeSpans, repeated: true },
});
const request = message({ 1: { name: "resourceSpans", read: resourceSpans, repeated: true } });

/** The request as an OTLP/JSON object. */
export function toJsonRequest(payload: Uint8Array): unknown {
  return request(payload, 0, payload.length);
}

/** Calls `visit` with where each Span message of a request lies, in the order sent. */
export function eachSpan(payload: Uint8Array, visit: (from: number, to: number) => void): void {
  fields(payload, 0, payload.length, (_field, resourceFrom, resourceTo) => {
    fields(payload, resourceFrom, resourceTo, (field, scopeFrom, scopeTo) => {
      if (field !== 2) return;
      fields(payload, scopeFrom, scopeTo, (inner, from, to) => {
        if (inner === 2) visit(from, to);
      });
    });
  });
}
