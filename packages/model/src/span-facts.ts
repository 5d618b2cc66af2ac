// A span as a plain object, for what looks at single spans: expectations, tests, overviews. The write path and the
// UI work on SpanBatch.

import type { SpanKindName, StatusCodeName } from "./kinds.ts";

/** A value of an attribute: texts, numbers, booleans, lists and objects of them; undefined for an empty value. */
export type FactValue =
  | string
  | number
  | bigint
  | boolean
  | undefined
  | readonly FactValue[]
  | { readonly [key: string]: FactValue };

export interface SpanFacts {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** 16 hex digits, or empty for a root. */
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly status: StatusCodeName;
  readonly startUnixNano: bigint;
  readonly durationNano: number;
  readonly attributes: Readonly<Record<string, FactValue>>;
  readonly resource: Readonly<Record<string, FactValue>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}
