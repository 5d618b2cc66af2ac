// Statuses of gRPC (https://grpc.io/docs/guides/status-codes) and which of them mean that a span has failed.

import type { SpanStatus } from "@opentelemetry/api";
import type { RecordingSpan } from "../trace/span.ts";

/** Names by number. */
const NAMES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

type StatusName = (typeof NAMES)[number];

/** The server's own failures; the others are answers. */
const OF_SERVER: ReadonlySet<string> = new Set<StatusName>([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);

const CANCELLED = 1;
const UNKNOWN = 2;
const ERROR = 2;

/** The status that an error stands for; OK when there is none. */
export function statusNumber(error: unknown): number {
  if (error === undefined || error === null) return 0;
  const { code, name } = error as { code?: unknown; name?: unknown };
  // What Node says of a stream that the program leaves, as by `break` out of its loop.
  if (name === "AbortError") return CANCELLED;
  return Number.isInteger(code) ? (code as number) : UNKNOWN;
}

/** Writes down how a call ended, and ends its span. */
export function endWithStatus(
  span: RecordingSpan,
  code: number,
  error: unknown,
  isServer: boolean,
): void {
  if (!span.isRecording()) return;
  span.put("rpc.grpc.status_code", code);
  const name = NAMES[code] ?? String(code);
  if (code !== 0 && (!isServer || OF_SERVER.has(name))) {
    const { details, message } = (error ?? {}) as { details?: unknown; message?: unknown };
    const text = typeof details === "string" && details !== "" ? details : message;
    if (error instanceof Error) span.recordException(error);
    span.put("error.type", name);
    const status: SpanStatus = { code: ERROR };
    if (typeof text === "string") status.message = text;
    span.setStatus(status);
  }
  span.end();
}
