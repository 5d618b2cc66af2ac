// Damaged input of every kind: a decoder may accept it or refuse it as malformed, never anything else,
// and what was in the batch before stays.

import { ClewError } from "@clew/base";
import { LogBatch, SpanBatch } from "@clew/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeColumns } from "../columns/decode-columns.ts";
import { encodeColumns } from "../columns/encode-columns.ts";
import { logRequest, traceRequest } from "../testing/arbitrary-otlp.ts";
import { parseValueJson } from "../value-json/parse.ts";
import { readAnyValue } from "./any-value.ts";
import { decodeLogs } from "./decode-logs.ts";
import { decodeLogsJson } from "./decode-logs-json.ts";
import { decodeTraces } from "./decode-traces.ts";
import { decodeTracesJson } from "./decode-traces-json.ts";
import { encodeLogs } from "./encode-logs.ts";
import { encodeTraces } from "./encode-traces.ts";
import { encodeTracesJson } from "./encode-traces-json.ts";
import { decodeExportResponse, decodeExportResponseJson } from "./export-response.ts";
import { decodeRpcStatus } from "./rpc-status.ts";

const encoder = new TextEncoder();
const RUNS = { numRuns: 400 };

type Edit = { at: number; byte: number; kind: "set" | "insert" | "delete" | "cut" };
const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.record({
    at: fc.nat({ max: 0x7fffffff }),
    byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 0x80, 0xff, 0x0a, 0x12, 34, 92, 123)),
    kind: fc.constantFrom("set", "set", "set", "insert", "delete", "cut"),
  }),
  { minLength: 1, maxLength: 4 },
);

function damage(body: Uint8Array, changes: Edit[]): Uint8Array {
  let bytes = [...body];
  for (const { at, byte, kind } of changes) {
    if (bytes.length === 0) break;
    const index = at % bytes.length;
    if (kind === "set") bytes[index] = byte;
    else if (kind === "insert") bytes.splice(index, 0, byte);
    else if (kind === "delete") bytes.splice(index, 1);
    else bytes = bytes.slice(0, index);
  }
  return Uint8Array.from(bytes);
}

function onlyMalformed(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    expect(error.code).toBe("malformed_payload");
    return false;
  }
}

test("damaged traces in protobuf", () => {
  let accepted = 0;
  fc.assert(
    fc.property(traceRequest, edits, (request, changes) => {
      const batch = new SpanBatch();
      decodeTracesJson(encoder.encode(JSON.stringify(request)), batch);
      const length = batch.length;
      const before = encodeTraces(batch);
      if (onlyMalformed(() => decodeTraces(damage(before, changes), batch))) {
        accepted++;
        encodeTraces(batch);
        for (const chunk of encodeTracesJson(batch)) expect(typeof chunk).toBe("string");
      } else expect(batch.length).toBe(length);
      batch.truncate(length);
      expect(encodeTraces(batch)).toEqual(before);
    }),
    RUNS,
  );
  expect(accepted).toBeGreaterThan(0);
});

test("damaged logs in protobuf", () => {
  fc.assert(
    fc.property(logRequest, edits, (request, changes) => {
      const batch = new LogBatch();
      decodeLogsJson(encoder.encode(JSON.stringify(request)), batch);
      const length = batch.length;
      const before = encodeLogs(batch);
      onlyMalformed(() => decodeLogs(damage(before, changes), batch));
      batch.truncate(length);
      expect(encodeLogs(batch)).toEqual(before);
    }),
    RUNS,
  );
});

test("damaged traces and logs in JSON", () => {
  fc.assert(
    fc.property(traceRequest, logRequest, edits, (traces, logs, changes) => {
      const spanBatch = new SpanBatch();
      const logBatch = new LogBatch();
      const tracesBody = damage(encoder.encode(JSON.stringify(traces)), changes);
      const logsBody = damage(encoder.encode(JSON.stringify(logs)), changes);
      if (!onlyMalformed(() => decodeTracesJson(tracesBody, spanBatch))) {
        expect(spanBatch.length).toBe(0);
      }
      if (!onlyMalformed(() => decodeLogsJson(logsBody, logBatch))) expect(logBatch.length).toBe(0);
      encodeTraces(spanBatch);
      encodeLogs(logBatch);
    }),
    RUNS,
  );
});

test("random bytes in every decoder", () => {
  const decoders: ((bytes: Uint8Array) => unknown)[] = [
    (bytes) => decodeTraces(bytes, new SpanBatch()),
    (bytes) => decodeTracesJson(bytes, new SpanBatch()),
    (bytes) => decodeLogs(bytes, new LogBatch()),
    (bytes) => decodeLogsJson(bytes, new LogBatch()),
    (bytes) => decodeExportResponse(bytes),
    (bytes) => decodeExportResponseJson(bytes),
    (bytes) => decodeRpcStatus(bytes),
    (bytes) => readAnyValue(bytes),
    (bytes) => decodeColumns(bytes),
    (bytes) => parseValueJson(String.fromCharCode(...bytes)),
  ];
  // Small numbers make plausible tags and lengths, so that the bytes get past the first field.
  const byte = fc.oneof(
    fc.nat({ max: 255 }),
    fc.nat({ max: 20 }),
    fc.constantFrom(0x0a, 0x12, 0x2a),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 60 }), (numbers) => {
      const bytes = Uint8Array.from(numbers);
      for (const decode of decoders) onlyMalformed(() => decode(bytes));
    }),
    { numRuns: 2000 },
  );
});

test("deep nesting of any kind ends in an error, not in a crash", () => {
  const deepProtobuf = new Uint8Array(60_000).fill(0x0a);
  const deepJson = encoder.encode('{"resourceSpans":'.repeat(20_000));
  const arrays = encoder.encode("[".repeat(200_000));
  expect(onlyMalformed(() => decodeTraces(deepProtobuf, new SpanBatch()))).toBe(false);
  expect(onlyMalformed(() => decodeTracesJson(deepJson, new SpanBatch()))).toBe(false);
  expect(onlyMalformed(() => decodeLogsJson(arrays, new LogBatch()))).toBe(false);
  expect(onlyMalformed(() => parseValueJson("[".repeat(200_000)))).toBe(false);
});

test("a changed byte in span columns is always noticed", () => {
  fc.assert(
    fc.property(traceRequest, fc.nat(), fc.integer({ min: 1, max: 255 }), (request, at, change) => {
      const batch = new SpanBatch();
      decodeTracesJson(encoder.encode(JSON.stringify(request)), batch);
      const bytes = encodeColumns(batch);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] as number) ^ change;
      expect(onlyMalformed(() => decodeColumns(bytes))).toBe(false);
    }),
    RUNS,
  );
});
