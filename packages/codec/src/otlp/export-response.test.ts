import { ClewError } from "@clew/base";
import { toHex } from "@clew/model";
import { describe, expect, test } from "vitest";
import {
  decodeExportResponse,
  decodeExportResponseJson,
  type ExportOutcome,
  encodeExportResponse,
  encodeExportResponseJson,
} from "./export-response.ts";
import {
  decodeRpcStatus,
  encodeRpcStatus,
  encodeRpcStatusJson,
  grpcStatusDetails,
} from "./rpc-status.ts";

const SUCCESS: ExportOutcome = { rejected: 0, message: undefined };
const encoder = new TextEncoder();

describe("an export response", () => {
  test("leaves partial_success unset on full success", () => {
    expect(encodeExportResponse(SUCCESS)).toHaveLength(0);
    expect(encodeExportResponseJson("traces", SUCCESS)).toBe("{}");
  });

  test("has exactly the bytes of the protobuf message", () => {
    expect(toHex(encodeExportResponse({ rejected: 300, message: "no" }))).toBe(
      "0a0708ac0212026e6f",
    );
    expect(toHex(encodeExportResponse({ rejected: 0, message: "w" }))).toBe("0a03120177");
  });

  test("names the rejected records of its signal in JSON, 64-bit numbers as strings", () => {
    const outcome = { rejected: 3, message: "why" };
    expect(JSON.parse(encodeExportResponseJson("traces", outcome))).toEqual({
      partialSuccess: { rejectedSpans: "3", errorMessage: "why" },
    });
    expect(JSON.parse(encodeExportResponseJson("logs", outcome))).toEqual({
      partialSuccess: { rejectedLogRecords: "3", errorMessage: "why" },
    });
  });

  test.each([
    SUCCESS,
    { rejected: 5, message: "some é" },
    { rejected: 0, message: "a warning" },
    { rejected: 2 ** 31, message: undefined },
  ])("is read back: %j", (outcome) => {
    expect(decodeExportResponse(encodeExportResponse(outcome))).toEqual(outcome);
    const json = encoder.encode(encodeExportResponseJson("logs", outcome));
    expect(decodeExportResponseJson(json)).toEqual(outcome);
  });

  test("that is damaged is refused", () => {
    const bytes = encodeExportResponse({ rejected: 5, message: "some" });
    expect(() => decodeExportResponse(bytes.subarray(0, 4))).toThrow(ClewError);
    expect(() => decodeExportResponseJson(encoder.encode('{"partialSuccess":'))).toThrow(ClewError);
  });
});

describe("an error status", () => {
  test("has exactly the bytes of google.rpc.Status", () => {
    expect(toHex(encodeRpcStatus({ code: 3, message: "bad" }))).toBe("08031203626164");
  });

  test("carries when to retry, in whole milliseconds rounded up", () => {
    const status = { code: 14, message: "busy", retryDelayMs: 1500.2 };
    expect(decodeRpcStatus(encodeRpcStatus(status))).toEqual({ ...status, retryDelayMs: 1501 });
    expect(JSON.parse(encodeRpcStatusJson(status))).toEqual({
      code: 14,
      message: "busy",
      details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.501s" }],
    });
  });

  test("carries what was wrong with the request", () => {
    const violations = [{ field: "spans.trace_id", description: "too short" }];
    const status = { code: 3, message: "bad", violations };
    const inner = `0a1b${toHex(encoder.encode("\n\x0espans.trace_id\x12\ttoo short"))}`;
    expect(toHex(encodeRpcStatus(status))).toContain(inner);
    expect(JSON.parse(encodeRpcStatusJson(status)).details).toEqual([
      { "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: violations },
    ]);
    expect(decodeRpcStatus(encodeRpcStatus(status))).toMatchObject({ code: 3, message: "bad" });
  });

  test("has the same bytes in grpc-status-details-bin", () => {
    const status = { code: 14, message: "busy", retryDelayMs: 10 };
    expect(grpcStatusDetails(status)).toEqual(encodeRpcStatus(status));
  });
});
