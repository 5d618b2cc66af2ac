// ClewError -> what OTLP says: an HTTP status, a gRPC status code and a google.rpc.Status with
// RetryInfo or BadRequest. Retryable are only 429 and 503 over HTTP, UNAVAILABLE and
// RESOURCE_EXHAUSTED with RetryInfo over gRPC; 500 is not, so trouble of our own is answered as 503.

import { ClewError, type ErrorCode } from "@clew/base";
import { encodeRpcStatus, encodeRpcStatusJson, type RpcStatus } from "@clew/codec";

/** The gRPC status codes that OTLP errors use (google.rpc.Code). */
export const GrpcCode = {
  InvalidArgument: 3,
  NotFound: 5,
  ResourceExhausted: 8,
  Unimplemented: 12,
  Unavailable: 14,
} as const;
export type GrpcCode = (typeof GrpcCode)[keyof typeof GrpcCode];

const DEFAULT_RETRY_MS = 1000;
// The text also travels in a header of gRPC trailers, where clients allow 8 KiB in all.
const MESSAGE_CHARACTERS = 1000;

const answers: Record<ErrorCode, { http: number; grpc: GrpcCode; retry: boolean }> = {
  bad_request: { http: 400, grpc: GrpcCode.InvalidArgument, retry: false },
  malformed_payload: { http: 400, grpc: GrpcCode.InvalidArgument, retry: false },
  limit_exceeded: { http: 400, grpc: GrpcCode.InvalidArgument, retry: false },
  unsupported_media_type: { http: 415, grpc: GrpcCode.InvalidArgument, retry: false },
  unsupported_encoding: { http: 415, grpc: GrpcCode.Unimplemented, retry: false },
  payload_too_large: { http: 413, grpc: GrpcCode.ResourceExhausted, retry: false },
  not_found: { http: 404, grpc: GrpcCode.NotFound, retry: false },
  method_not_allowed: { http: 405, grpc: GrpcCode.Unimplemented, retry: false },
  unimplemented: { http: 404, grpc: GrpcCode.Unimplemented, retry: false },
  overloaded: { http: 429, grpc: GrpcCode.ResourceExhausted, retry: true },
  unavailable: { http: 503, grpc: GrpcCode.Unavailable, retry: true },
  cancelled: { http: 503, grpc: GrpcCode.Unavailable, retry: true },
  bad_config: { http: 503, grpc: GrpcCode.Unavailable, retry: true },
  internal: { http: 503, grpc: GrpcCode.Unavailable, retry: true },
};

/** An error as a sender sees it. */
export interface OtlpError {
  readonly httpStatus: number;
  readonly grpcCode: GrpcCode;
  readonly message: string;
  /** Milliseconds to wait before a retry; undefined when a retry is useless. */
  readonly retryAfterMs: number | undefined;
  /** True when the cause is ours: the operator must see it, the sender gets no details of it. */
  readonly ours: boolean;
}

/** Translates anything a receiver or a sink has thrown. */
export function toOtlpError(thrown: unknown): OtlpError {
  const error = ClewError.from(thrown);
  const answer = answers[error.code];
  const ours = error.code === "internal" || error.code === "bad_config";
  return {
    httpStatus: answer.http,
    grpcCode: answer.grpc,
    message: ours ? "the collector failed to store the request; its log tells why" : textOf(error),
    retryAfterMs: answer.retry ? Math.max(1, error.retryAfterMs ?? DEFAULT_RETRY_MS) : undefined,
    ours,
  };
}

function textOf(error: ClewError): string {
  const text = error.hint === undefined ? error.message : `${error.message}: ${error.hint}`;
  const short =
    text.length <= MESSAGE_CHARACTERS ? text : `${text.slice(0, MESSAGE_CHARACTERS)}...`;
  return short.toWellFormed(); // half a surrogate pair would throw where headers are written
}

/** The google.rpc.Status of `error`, in the encoding of the request. */
export function encodeError(error: OtlpError, encoding: "protobuf" | "json"): Uint8Array {
  const status: RpcStatus = {
    code: error.grpcCode,
    message: error.message,
    retryDelayMs: error.retryAfterMs,
    violations:
      error.grpcCode === GrpcCode.InvalidArgument
        ? [{ field: "", description: error.message }]
        : undefined,
  };
  return encoding === "json" ? Buffer.from(encodeRpcStatusJson(status)) : encodeRpcStatus(status);
}
