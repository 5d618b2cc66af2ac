// Requests of tempopb.StreamingQuerier from protobuf, with the field numbers of tempo.proto. Fields that
// Clew has no use for are skipped; malformed bytes raise ClewError `malformed_payload`.

import { WireReader } from "../protobuf/wire-reader.ts";
import type { MetricsRequest, SearchRequest, TagRequest } from "./messages.ts";

/** Values by field number as they came; the last of a field counts, but map entries are kept. */
interface Fields {
  readonly texts: Map<number, string>;
  readonly numbers: Map<number, bigint>;
  readonly entries: [string, string][];
}

const decoder = new TextDecoder();

/** tempopb.SearchRequest. */
export function decodeSearchRequest(bytes: Uint8Array): SearchRequest {
  const { texts, numbers, entries } = readFields(bytes, "SearchRequest", 1);
  return {
    tags: Object.fromEntries(entries),
    query: texts.get(8) ?? "",
    minDurationMs: small(numbers.get(2)),
    maxDurationMs: small(numbers.get(3)),
    limit: small(numbers.get(4)),
    start: small(numbers.get(5)),
    end: small(numbers.get(6)),
    spansPerSpanSet: small(numbers.get(9)),
  };
}

/** tempopb.SearchTagsRequest. */
export function decodeTagsRequest(bytes: Uint8Array): TagRequest {
  const { texts, numbers } = readFields(bytes, "SearchTagsRequest");
  return {
    scope: texts.get(1) ?? "",
    tagName: "",
    query: texts.get(2) ?? "",
    start: small(numbers.get(3)),
    end: small(numbers.get(4)),
    limit: small(numbers.get(5)),
  };
}

/** tempopb.SearchTagValuesRequest. */
export function decodeTagValuesRequest(bytes: Uint8Array): TagRequest {
  const { texts, numbers } = readFields(bytes, "SearchTagValuesRequest");
  return {
    scope: "",
    tagName: texts.get(1) ?? "",
    query: texts.get(2) ?? "",
    start: small(numbers.get(4)),
    end: small(numbers.get(5)),
    limit: small(numbers.get(6)),
  };
}

/** tempopb.QueryRangeRequest. */
export function decodeQueryRangeRequest(bytes: Uint8Array): MetricsRequest {
  const { texts, numbers } = readFields(bytes, "QueryRangeRequest");
  return {
    query: texts.get(1) ?? "",
    start: numbers.get(2) ?? 0n,
    end: numbers.get(3) ?? 0n,
    step: numbers.get(4) ?? 0n,
    exemplars: small(numbers.get(16)),
    maxSeries: small(numbers.get(17)),
    instant: (numbers.get(18) ?? 0n) !== 0n,
  };
}

/** tempopb.QueryInstantRequest. */
export function decodeQueryInstantRequest(bytes: Uint8Array): MetricsRequest {
  const { texts, numbers } = readFields(bytes, "QueryInstantRequest");
  return {
    query: texts.get(1) ?? "",
    start: numbers.get(2) ?? 0n,
    end: numbers.get(3) ?? 0n,
    step: 0n,
    exemplars: 0,
    maxSeries: 0,
    instant: true,
  };
}

function small(value: bigint | undefined): number {
  return Number(value ?? 0n);
}

/** `mapField`: the number of a map<string, string> field, 0 for none. */
function readFields(bytes: Uint8Array, what: string, mapField = 0): Fields {
  const fields: Fields = { texts: new Map(), numbers: new Map(), entries: [] };
  const reader = new WireReader();
  reader.reset(bytes);
  const end = bytes.length;
  while (reader.pos < end) {
    const tag = reader.tag(end, what);
    const field = tag >>> 3;
    if ((tag & 7) === 0) {
      reader.varint(end, what);
      fields.numbers.set(field, (BigInt(reader.high) << 32n) | BigInt(reader.low));
    } else if ((tag & 7) === 2 && field === mapField) {
      fields.entries.push(readEntry(reader, reader.block(end, what), what));
    } else if ((tag & 7) === 2) {
      fields.texts.set(field, readText(reader, end, what));
    } else reader.skip(tag, end, 0, what);
  }
  return fields;
}

function readEntry(reader: WireReader, end: number, what: string): [string, string] {
  let key = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.tag(end, what);
    if (tag === 0x0a) key = readText(reader, end, what);
    else if (tag === 0x12) value = readText(reader, end, what);
    else reader.skip(tag, end, 0b110, what);
  }
  return [key, value];
}

function readText(reader: WireReader, end: number, what: string): string {
  const stop = reader.block(end, what);
  const text = decoder.decode(reader.bytes.subarray(reader.pos, stop));
  reader.pos = stop;
  return text;
}
