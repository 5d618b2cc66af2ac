// The one error answer of every API on Clew's port: {"error":{"code","message","hint"?}}, and the table
// that gives each code its HTTP status.

import { ClewError, type ErrorCode } from "@clew/base";
import { TraceqlError } from "@clew/traceql";
import type { FastifyReply, FastifyRequest } from "fastify";

const statusByCode: Readonly<Record<ErrorCode, number>> = {
  bad_request: 400,
  malformed_payload: 400,
  bad_config: 500,
  not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  limit_exceeded: 422,
  overloaded: 429,
  cancelled: 499,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
};

/** Every code, for the description of the error answer. */
export const errorCodes: readonly ErrorCode[] = Object.keys(statusByCode) as ErrorCode[];

/** HTTP status of an error code; 499 (client closed request) is nginx's number for `cancelled`. */
export function httpStatus(code: ErrorCode): number {
  return statusByCode[code];
}

export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint?: string;
    /** Of an error in a TraceQL query: half-open range of UTF-16 offsets in its text. */
    readonly at?: { readonly start: number; readonly end: number };
  };
}

/** The JSON body for an error. Text of `internal` errors stays in the log: it may name paths or data. */
export function errorBody(error: ClewError): ErrorBody {
  if (error.code === "internal") {
    const message = "something went wrong inside Clew";
    return { error: { code: "internal", message, hint: "the server's log has the cause" } };
  }
  const { code, message, hint } = error;
  const at = error instanceof TraceqlError ? { at: error.place } : {};
  return { error: { code, message, ...(hint === undefined ? {} : { hint }), ...at } };
}

const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  404: "not_found",
  405: "method_not_allowed",
  413: "payload_too_large",
  415: "unsupported_media_type",
  429: "overloaded",
  503: "unavailable",
};

/** What was thrown as a ClewError; errors of the HTTP layer that carry a 4xx status keep their meaning. */
export function toClewError(thrown: unknown): ClewError {
  if (thrown instanceof ClewError) return thrown;
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new ClewError("cancelled", "the request was cancelled", { cause: thrown });
  }
  if (thrown instanceof Error && "statusCode" in thrown && typeof thrown.statusCode === "number") {
    const status = thrown.statusCode;
    const fallback = status >= 400 && status < 500 ? "bad_request" : "internal";
    return new ClewError(codeByStatus[status] ?? fallback, thrown.message, { cause: thrown });
  }
  return ClewError.from(thrown);
}

/** Answers `thrown` in the one error shape, with Retry-After where the error knows when to come back. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = toClewError(thrown);
  const status = httpStatus(error.code);
  if (status >= 500) request.log.error({ err: thrown, url: request.url }, "request failed");
  else request.log.debug({ code: error.code, url: request.url }, error.message);
  if (error.retryAfterMs !== undefined) {
    void reply.header("retry-after", Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  void reply
    .code(status)
    .header("cache-control", "no-store")
    .type("application/json; charset=utf-8")
    .send(JSON.stringify(errorBody(error)));
}

/** Answers a path that no route takes. */
export function sendUnknownRoute(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split("?", 1)[0] ?? "";
  const shown = path.length > 200 ? `${path.slice(0, 200)}...` : path;
  const message = `there is nothing at ${request.method} ${shown}`;
  const hint = "GET /api/v1/openapi.json lists the routes of the native API";
  sendError(new ClewError("not_found", message, { hint }), request, reply);
}
