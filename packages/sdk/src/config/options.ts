// What a program can say in code. Everything has a default; the environment fills in what is left out.

import type { Attributes } from "@opentelemetry/api";
import type { AnyInstrumentation } from "../instrument/instrumentation.ts";
import type { LogKeyChoice } from "../logs/keys.ts";
import type { SamplingRule } from "../sample/rules.ts";
import type { Sampler } from "../sample/sampler.ts";
import type { RecordingSpan } from "../trace/span.ts";

/** Told about every recorded span, in the process; for test kits and the like. Must not throw. */
export interface SpanObserver {
  ended(span: RecordingSpan, scope: string): void;
}

/** Options of `start`. */
export interface StartOptions {
  /** `service.name`; default `OTEL_SERVICE_NAME`, else the name in package.json. */
  readonly service?: string;
  /** `service.version`. */
  readonly version?: string;
  /** Attributes of the resource, beside those that are detected. */
  readonly resource?: Attributes;
  /** Base URL of an OTLP/HTTP receiver; default http://localhost:4318. */
  readonly endpoint?: string;
  /** Headers of export requests. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocol?: Protocol;
  readonly compression?: Compression;
  /** A share of all traces (0 to 1), `remote` for what the backend says, or a sampler for the first span of a trace. */
  readonly sampler?: number | "remote" | Sampler;
  /** Looked at in order before `sampler`. */
  readonly rules?: readonly SamplingRule[];
  /** Names as in `OTEL_PROPAGATORS`. */
  readonly propagators?: readonly string[];
  /** Names under which log records tell of their span; default OpenTelemetry's. */
  readonly logKeys?: LogKeyChoice;
  /** Further instrumentations, ours or OpenTelemetry's. */
  readonly instrumentations?: readonly AnyInstrumentation[];
  /** Names of instrumentations to leave out; `["*"]` for all. */
  readonly disabledInstrumentations?: readonly string[];
  readonly observers?: readonly SpanObserver[];
  /** Folder for what cannot be sent, or `off`; default `CLEW_SDK_SPILL`. */
  readonly spill?: string;
  /** Whether to export at all; default yes. */
  readonly export?: boolean;
  /** Whether to set the tracer, context manager and propagator of @opentelemetry/api; default yes. */
  readonly global?: boolean;
}

export type Protocol = "http/protobuf" | "http/json";
export type Compression = "none" | "gzip" | "zstd" | "auto";
