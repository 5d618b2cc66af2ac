// What an OTLP decoder accepts and what it tells about a request.

/** Bounds on what one request may hold; every member has a default. */
export interface DecodeLimits {
  /** Attributes of one span, event, link or log record. Default 65,536. */
  readonly maxAttributesPerSpan?: number | undefined;
  /** Bytes of one string or value. Default 4 MiB. */
  readonly maxValueBytes?: number | undefined;
  /** Nesting of AnyValue; an attribute's own value is level 1. Default 64. */
  readonly maxDepth?: number | undefined;
}

/** Outcome of decoding one request; what OTLP's `partial_success` needs. */
export interface DecodeResult {
  /** Spans or log records added to the batch. */
  readonly accepted: number;
  /** Spans or log records left out. */
  readonly rejected: number;
  /** Why the first one was left out; undefined when none was. */
  readonly message: string | undefined;
}

export const DEFAULT_MAX_ATTRIBUTES = 65_536;
export const DEFAULT_MAX_VALUE_BYTES: number = 4 * 1024 * 1024;
export const DEFAULT_MAX_DEPTH = 64;

/** Builds the result of a request; `noun` is "span" or "log record". */
export function decodeResult(
  accepted: number,
  rejected: number,
  reason: string | undefined,
  noun: string,
): DecodeResult {
  if (rejected === 0) return { accepted, rejected, message: undefined };
  const total = accepted + rejected;
  const message = `${rejected} of ${total} ${noun}${total === 1 ? "" : "s"} rejected: ${reason}`;
  return { accepted, rejected, message };
}
