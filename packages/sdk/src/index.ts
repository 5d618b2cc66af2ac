// The tracer for Node services. See the README for what one needs of it.

export type { SpanObserver, StartOptions } from "./config/options.ts";
export { bind, bindEmitter, wrapGenerator } from "./helpers/bind.ts";
export {
  activeSpan,
  flush,
  type SpanChoices,
  type SpanHandle,
  span,
  startSpan,
} from "./helpers/span.ts";
export { type TracedChoices, traced } from "./helpers/traced.ts";
export { setRoute } from "./instrument/http-server.ts";
export type {
  AnyInstrumentation,
  Instrumentation,
  LoadedModule,
  ModulePatch,
  Tracing,
} from "./instrument/instrumentation.ts";
export { logFields, pinoMixin, winstonFormat } from "./logs/helpers.ts";
export type { LogFields, LogKeyChoice, LogKeys } from "./logs/keys.ts";
export type { Candidate, Sampler } from "./sample/sampler.ts";
export { running, type Sdk, start } from "./sdk.ts";
export type { SpanAttributes } from "./semconv.ts";
export type { TracerReport } from "./tracer-report.ts";
