// google.rpc.Status { code = 1, message = 2, details = 3 repeated Any }, the body of OTLP errors, with
// google.rpc.RetryInfo { retry_delay = 1 Duration } and google.rpc.BadRequest { field_violations = 1 }.

import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";
const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";
const decoder = new TextDecoder();

/** One thing that is wrong with a request. */
export interface FieldViolation {
  /** Path of the field, such as `resource_spans.scope_spans.spans.trace_id`; may be empty. */
  readonly field: string;
  readonly description: string;
}

/** An error as gRPC and OTLP/HTTP report it. */
export interface RpcStatus {
  /** google.rpc.Code, such as 3 for INVALID_ARGUMENT or 14 for UNAVAILABLE. */
  readonly code: number;
  readonly message: string;
  /** Milliseconds until a retry makes sense; adds a RetryInfo detail. */
  readonly retryDelayMs?: number | undefined;
  /** Adds a BadRequest detail. */
  readonly violations?: readonly FieldViolation[] | undefined;
}

/** The status in protobuf: the body of an OTLP/HTTP error. */
export function encodeRpcStatus(status: RpcStatus): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter(256);
  writer.uintField(0x08, status.code);
  if (status.message !== "") writer.textField(0x12, status.message);
  if (status.retryDelayMs !== undefined) writeRetryInfo(writer, status.retryDelayMs);
  if (status.violations !== undefined) writeBadRequest(writer, status.violations);
  return writer.finish();
}

/** The bytes of gRPC's `grpc-status-details-bin` trailer: a protobuf Status with its details. */
export function grpcStatusDetails(status: RpcStatus): Uint8Array<ArrayBuffer> {
  return encodeRpcStatus(status);
}

/** The status in JSON: the body of an OTLP/HTTP error to a JSON sender. */
export function encodeRpcStatusJson(status: RpcStatus): string {
  const details: unknown[] = [];
  if (status.retryDelayMs !== undefined) {
    const seconds = Number((wholeMillis(status.retryDelayMs) / 1000).toFixed(3));
    details.push({ "@type": RETRY_INFO, retryDelay: `${seconds}s` });
  }
  if (status.violations !== undefined) {
    details.push({ "@type": BAD_REQUEST, fieldViolations: status.violations });
  }
  const { code, message } = status;
  return JSON.stringify(details.length === 0 ? { code, message } : { code, message, details });
}

/** Reads a protobuf Status with its RetryInfo; other details are skipped. Throws ClewError. */
export function decodeRpcStatus(bytes: Uint8Array): RpcStatus {
  const reader = new WireReader();
  reader.reset(bytes);
  const end = bytes.length;
  let code = 0;
  let message = "";
  let retryDelayMs: number | undefined;
  while (reader.pos < end) {
    const tag = reader.tag(end, "Status");
    if (tag === 0x08) code = reader.varint(end, "Status.code") | 0;
    else if (tag === 0x12) message = readText(reader, end);
    else if (tag === 0x1a) {
      retryDelayMs = readRetryDelay(reader, reader.block(end, "Status.details")) ?? retryDelayMs;
    } else reader.skip(tag, end, 0b1110, "Status");
  }
  return { code, message, retryDelayMs };
}

function writeRetryInfo(writer: WireWriter, retryDelayMs: number): void {
  const millis = wholeMillis(retryDelayMs);
  const any = writer.begin(0x1a);
  writer.textField(0x0a, RETRY_INFO);
  const info = writer.begin(0x12);
  const delay = writer.begin(0x0a);
  writer.uintField(0x08, Math.floor(millis / 1000));
  writer.uintField(0x10, (millis % 1000) * 1_000_000);
  writer.end(delay);
  writer.end(info);
  writer.end(any);
}

function writeBadRequest(writer: WireWriter, violations: readonly FieldViolation[]): void {
  const any = writer.begin(0x1a);
  writer.textField(0x0a, BAD_REQUEST);
  const request = writer.begin(0x12);
  for (const { field, description } of violations) {
    const violation = writer.begin(0x0a);
    if (field !== "") writer.textField(0x0a, field);
    if (description !== "") writer.textField(0x12, description);
    writer.end(violation);
  }
  writer.end(request);
  writer.end(any);
}

function wholeMillis(millis: number): number {
  return Math.max(0, Math.ceil(millis));
}

// Milliseconds of the RetryInfo in an Any message, undefined when it holds something else.
function readRetryDelay(reader: WireReader, end: number): number | undefined {
  let type = "";
  let from = 0;
  let to = 0;
  while (reader.pos < end) {
    const tag = reader.tag(end, "Any");
    if (tag === 0x0a) type = readText(reader, end);
    else if (tag === 0x12) {
      to = reader.block(end, "Any.value");
      from = reader.pos;
      reader.pos = to;
    } else reader.skip(tag, end, 0b110, "Any");
  }
  if (type !== RETRY_INFO) return undefined;
  reader.pos = from;
  let millis = 0;
  while (reader.pos < to) {
    const tag = reader.tag(to, "RetryInfo");
    if (tag === 0x0a) millis = readDuration(reader, reader.block(to, "RetryInfo"));
    else reader.skip(tag, to, 0b10, "RetryInfo");
  }
  reader.pos = end;
  return millis;
}

function readDuration(reader: WireReader, end: number): number {
  let millis = 0;
  while (reader.pos < end) {
    const tag = reader.tag(end, "Duration");
    if (tag === 0x08) {
      const low = reader.varint(end, "Duration.seconds");
      millis += (reader.high * 4294967296 + low) * 1000;
    } else if (tag === 0x10) millis += reader.varint(end, "Duration.nanos") / 1_000_000;
    else reader.skip(tag, end, 0b110, "Duration");
  }
  return millis;
}

function readText(reader: WireReader, end: number): string {
  const stop = reader.block(end, "text");
  const text = decoder.decode(reader.bytes.subarray(reader.pos, stop));
  reader.pos = stop;
  return text;
}
