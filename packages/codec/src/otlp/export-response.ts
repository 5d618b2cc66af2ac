// ExportTraceServiceResponse and ExportLogsServiceResponse. The two have the same bytes:
// { partial_success = 1 { rejected_* = 1 int64, error_message = 2 string } }.

import { FieldNames } from "../json/field-names.ts";
import { JsonReader } from "../json/json-reader.ts";
import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

/** What a receiver tells its sender about an accepted request. */
export interface ExportOutcome {
  /** Spans or log records that were not taken and must not be sent again. */
  readonly rejected: number;
  /** Why, or with `rejected` 0 a warning; undefined on full success. */
  readonly message: string | undefined;
}

const decoder = new TextDecoder();
const RESPONSE = new FieldNames(["partialSuccess"]);
const PARTIAL = new FieldNames(["rejectedSpans", "rejectedLogRecords", "errorMessage"]);

/** The response in protobuf; no bytes at all on full success, as OTLP demands. */
export function encodeExportResponse(outcome: ExportOutcome): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter(64);
  if (isPartial(outcome)) {
    const partial = writer.begin(0x0a);
    writer.uintField(0x08, outcome.rejected);
    if (outcome.message) writer.textField(0x12, outcome.message);
    writer.end(partial);
  }
  return writer.finish();
}

/** The response in JSON; `{}` on full success. */
export function encodeExportResponseJson(
  signal: "traces" | "logs",
  outcome: ExportOutcome,
): string {
  if (!isPartial(outcome)) return "{}";
  const partial: Record<string, string> = {};
  if (outcome.rejected > 0) {
    partial[signal === "traces" ? "rejectedSpans" : "rejectedLogRecords"] = String(
      outcome.rejected,
    );
  }
  if (outcome.message) partial["errorMessage"] = outcome.message;
  return JSON.stringify({ partialSuccess: partial });
}

/** Reads a protobuf response. Throws ClewError `malformed_payload`. */
export function decodeExportResponse(bytes: Uint8Array): ExportOutcome {
  const reader = new WireReader();
  reader.reset(bytes);
  let rejected = 0;
  let message = "";
  while (reader.pos < bytes.length) {
    const tag = reader.tag(bytes.length, "response");
    if (tag !== 0x0a) {
      reader.skip(tag, bytes.length, 0b10, "response");
      continue;
    }
    const end = reader.block(bytes.length, "partial_success");
    while (reader.pos < end) {
      const inner = reader.tag(end, "partial_success");
      if (inner === 0x08) {
        reader.varint(end, "rejected");
        rejected = reader.high * 4294967296 + reader.low;
      } else if (inner === 0x12) {
        const stop = reader.block(end, "error_message");
        message = decoder.decode(reader.bytes.subarray(reader.pos, stop));
        reader.pos = stop;
      } else reader.skip(inner, end, 0b110, "partial_success");
    }
  }
  return { rejected, message: message === "" ? undefined : message };
}

/** Reads a JSON response of either signal. Throws ClewError `malformed_payload`. */
export function decodeExportResponseJson(bytes: Uint8Array): ExportOutcome {
  const reader = new JsonReader();
  reader.reset(bytes);
  let rejected = 0;
  let message = "";
  reader.openObject("response");
  while (reader.nextField("response")) {
    if (RESPONSE.match(reader.text, reader.textFrom, reader.textTo) !== 0) {
      reader.skip("response");
      continue;
    }
    reader.openObject("partialSuccess");
    while (reader.nextField("partialSuccess")) {
      const field = PARTIAL.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 2) {
        reader.string("errorMessage");
        message = decoder.decode(reader.text.subarray(reader.textFrom, reader.textTo));
      } else if (field >= 0) {
        reader.uint64("partialSuccess");
        rejected = reader.high * 4294967296 + reader.low;
      } else reader.skip("partialSuccess");
    }
  }
  reader.finish("response");
  return { rejected, message: message === "" ? undefined : message };
}

function isPartial(outcome: ExportOutcome): boolean {
  return outcome.rejected > 0 || Boolean(outcome.message);
}
