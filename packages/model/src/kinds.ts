// Span kinds and status codes with OTLP's numbers, and their names on Clew's own API.

export const SpanKind = {
  Unspecified: 0,
  Internal: 1,
  Server: 2,
  Client: 3,
  Producer: 4,
  Consumer: 5,
} as const;
export type SpanKind = (typeof SpanKind)[keyof typeof SpanKind];

export const StatusCode = { Unset: 0, Ok: 1, Error: 2 } as const;
export type StatusCode = (typeof StatusCode)[keyof typeof StatusCode];

/** Name by number: `spanKindNames[SpanKind.Server] === "server"`. */
export const spanKindNames = [
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
] as const;
export type SpanKindName = (typeof spanKindNames)[number];

/** Name by number: `statusCodeNames[StatusCode.Error] === "error"`. */
export const statusCodeNames = ["unset", "ok", "error"] as const;
export type StatusCodeName = (typeof statusCodeNames)[number];
