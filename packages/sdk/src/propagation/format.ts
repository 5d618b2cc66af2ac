// What a propagation format is: how it reads and writes headers. The list of formats by name is in formats.ts.

import type { Baggage } from "@opentelemetry/api";

/** Reads one header, by its lower-case name; several of the same name come joined with commas. */
export type HeaderGetter = (name: string) => string | undefined;
/** Names of all headers, for formats that keep data in names; absent where a carrier cannot list them. */
export type HeaderNames = () => Iterable<string>;
/** Writes one header. */
export type HeaderSetter = (name: string, value: string) => void;

/** The caller's half of a trace as a header carries it. */
export interface RemoteParent {
  /** 32 lower-case hex digits, or empty when the headers carry only a decision (`b3: 0`). */
  readonly traceId: string;
  /** 16 lower-case hex digits; empty as above, and when the headers name a trace without a span in it. */
  readonly spanId: string;
  /** W3C flags: 1 sampled, 2 random trace id. */
  readonly flags: number;
  /** The sender left the decision to us; `flags` says nothing about sampling then. */
  readonly deferred?: boolean;
  /** A W3C tracestate, checked. */
  readonly traceState?: string;
}

/** What a format may write. */
export interface LocalParent {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly traceState: string | undefined;
}

/** One propagation format. Neither method throws, whatever the headers are. */
export interface Format {
  /** Name in `OTEL_PROPAGATORS`. */
  readonly name: string;
  /** Headers that it writes. */
  readonly fields: readonly string[];
  /** The trace that the headers carry; `undefined` when they carry none or a broken one. */
  extract?(get: HeaderGetter): RemoteParent | undefined;
  /** The baggage that the headers carry. */
  extractBaggage?(get: HeaderGetter, names?: HeaderNames): Baggage | undefined;
  /** Writes the trace. */
  inject?(span: LocalParent, set: HeaderSetter): void;
  /** Writes the baggage, which is not empty. */
  injectBaggage?(baggage: Baggage, set: HeaderSetter): void;
}
