// The one error shape that leaves the process: a stable code, a message and a hint.
// Every error caused from outside (a sender, a query, a setting) is one of these;
// errors of our own making stay plain and keep their cause.

/** Closed list of codes that users see in API answers, logs and on the command line. */
export type ErrorCode =
  | "bad_request"
  | "malformed_payload"
  | "unsupported_media_type"
  | "unsupported_encoding"
  | "payload_too_large"
  | "not_found"
  | "method_not_allowed"
  | "unimplemented"
  | "overloaded"
  | "unavailable"
  | "limit_exceeded"
  | "cancelled"
  | "bad_config"
  | "internal";

/** An error with a stable code and, where one exists, a hint that says what to do about it. */
export class ClewError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Milliseconds after which a retry makes sense; set for `overloaded` and `unavailable`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ClewError";
    this.code = code;
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Turns anything thrown into a ClewError; unknown errors become `internal` and keep their cause. */
  static from(thrown: unknown): ClewError {
    if (thrown instanceof ClewError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ClewError("internal", message, { cause: thrown });
  }
}
