import { ClewError } from "@clew/base";
import { LogBatch, ValueType } from "@clew/model";
import { describe, expect, test } from "vitest";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { attributeRows, logsOf } from "../testing/snapshot.ts";
import { decodeLogs } from "./decode-logs.ts";
import { decodeLogsJson } from "./decode-logs-json.ts";
import { encodeLogs } from "./encode-logs.ts";
import type { DecodeResult } from "./limits.ts";

const TRACE_ID = "0102030405060708090a0b0c0d0e0f10";
const SPAN_ID = "a1a2a3a4a5a6a7a8";

function decodeJson(...records: string[]): { batch: LogBatch; result: DecodeResult } {
  const text = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${records.join(",")}]}]}]}`;
  const batch = new LogBatch();
  return { batch, result: decodeLogsJson(new TextEncoder().encode(text), batch) };
}

// A request with one record that has only the two ids, of the lengths given.
function requestWithIds(traceIdLength: number, spanIdLength: number): Uint8Array {
  const writer = new WireWriter();
  const resourceLogs = writer.begin(0x0a);
  const scopeLogs = writer.begin(0x12);
  const record = writer.begin(0x12);
  writer.bytesField(0x4a, new Uint8Array(traceIdLength).fill(1));
  writer.bytesField(0x52, new Uint8Array(spanIdLength).fill(2));
  writer.end(record);
  writer.end(scopeLogs);
  writer.end(resourceLogs);
  return writer.finish();
}

test("every field of a record is kept, from JSON and again from protobuf", () => {
  const { batch } = decodeJson(`{"timeUnixNano":"1","observedTimeUnixNano":"2","severityNumber":17,
    "severityText":"ERROR","body":{"kvlistValue":{"values":[{"key":"m","value":{"stringValue":"x"}}]}},
    "attributes":[{"key":"k","value":{"intValue":"5"}}],"droppedAttributesCount":3,"flags":1,
    "traceId":"${TRACE_ID}","spanId":"${SPAN_ID}","eventName":"boom"}`);
  const expected = {
    time: "0:1",
    observedTime: "0:2",
    severity: [17, "ERROR"],
    eventName: "boom",
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    flags: 1,
    dropped: 3,
    body: [["", ValueType.KvList, "320a0a080a016d12030a0178"]],
    attributes: [["k", ValueType.Int, "0:5"]],
  };
  expect(logsOf(batch)).toMatchObject([expected]);
  const again = new LogBatch();
  decodeLogs(encodeLogs(batch), again);
  expect(logsOf(again)).toEqual(logsOf(batch));
});

test("a record without a body, times or ids is accepted", () => {
  const { batch, result } = decodeJson(
    "{}",
    `{"body":{"stringValue":"b"},"traceId":"","spanId":""}`,
  );
  expect(result.accepted).toBe(2);
  expect(attributeRows(batch.bodies, batch.strings, 0, 2)).toEqual([
    ["", ValueType.Empty, "0:0"],
    ["", ValueType.String, "62"],
  ]);
});

test("severities that OTLP does not define become 0", () => {
  const { batch } = decodeJson(
    '{"severityNumber":24}',
    '{"severityNumber":25}',
    '{"severityNumber":-1}',
  );
  expect(Array.from(batch.severityNumber.slice(0, 3))).toEqual([24, 0, 0]);
});

describe("ids of a wrong length reject the record", () => {
  test.each([
    [0, 0, undefined],
    [16, 8, undefined],
    [16, 0, undefined],
    [15, 8, "1 of 1 log record rejected: trace_id must be 16 bytes or absent, got 15"],
    [16, 9, "1 of 1 log record rejected: span_id must be 8 bytes or absent, got 9"],
  ])("protobuf, trace id of %i and span id of %i bytes", (traceId, spanId, message) => {
    const batch = new LogBatch();
    expect(decodeLogs(requestWithIds(traceId, spanId), batch).message).toBe(message);
    expect([batch.length, batch.bodies.length]).toEqual(message ? [0, 0] : [1, 1]);
  });

  test("JSON", () => {
    const { batch, result } = decodeJson("{}", '{"traceId":"zz"}', '{"spanId":"00"}', "{}");
    expect(result.message).toBe("2 of 4 log records rejected: trace_id must be 32 hex digits");
    expect(batch.length).toBe(2);
  });
});

test("a request that breaks off leaves the batch as it was", () => {
  const { batch } = decodeJson('{"body":{"stringValue":"first"}}');
  const before = logsOf(batch);
  const body = encodeLogs(decodeJson('{"body":{"intValue":1},"attributes":[{"key":"k"}]}').batch);
  for (let length = 1; length < body.length; length++) {
    expect(() => decodeLogs(body.subarray(0, length), batch)).toThrow(ClewError);
  }
  expect(logsOf(batch)).toEqual(before);
});
