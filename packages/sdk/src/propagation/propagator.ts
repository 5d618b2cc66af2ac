// All configured formats as one: the first that finds a trace wins, and all are written. Also as
// OpenTelemetry's TextMapPropagator.

import type {
  Baggage,
  Context,
  Span,
  TextMapGetter,
  TextMapPropagator,
  TextMapSetter,
} from "@opentelemetry/api";
import {
  baggageOf,
  ClewContext,
  contextWithBaggage,
  contextWithSpan,
  isSuppressed,
  ROOT,
  spanOf,
} from "../trace/context.ts";
import { isSpanId, isTraceId } from "../trace/ids.ts";
import { PassiveSpan } from "../trace/passive-span.ts";
import { RecordingSpan } from "../trace/span.ts";
import type { Format, HeaderGetter, HeaderSetter, LocalParent, RemoteParent } from "./format.ts";

const SAMPLED = 1;

function localParent(span: Span | undefined): LocalParent | undefined {
  if (span instanceof RecordingSpan) return span;
  if (span === undefined) return undefined;
  if (span instanceof PassiveSpan) return isTraceId(span.traceId) ? span : undefined;
  const { traceId, spanId, traceFlags: flags, traceState } = span.spanContext();
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  return { traceId, spanId, flags, traceState: traceState?.serialize() || undefined };
}

function passiveSpan(parent: RemoteParent): PassiveSpan {
  const { traceId, spanId, flags, traceState, deferred } = parent;
  if (traceId !== "") return new PassiveSpan(traceId, spanId, flags, traceState, true, deferred);
  // Only a decision: a trace of our own that keeps to it.
  return new PassiveSpan(undefined, undefined, flags & SAMPLED, undefined, false, deferred);
}

/** Reads and writes the headers of all configured formats. */
export class Propagation implements TextMapPropagator {
  readonly #formats: readonly Format[];

  constructor(formats: readonly Format[]) {
    this.#formats = formats;
  }

  /** The caller's context over the root context. */
  extractHeaders(get: HeaderGetter): ClewContext {
    let span: PassiveSpan | undefined;
    let baggage: Baggage | undefined;
    for (const format of this.#formats) {
      const parent = span === undefined ? format.extract?.(get) : undefined;
      if (parent !== undefined) span = passiveSpan(parent);
      baggage ??= format.extractBaggage?.(get);
    }
    return span === undefined && baggage === undefined ? ROOT : new ClewContext(span, baggage);
  }

  /** Writes what the callee shall know of `context`. */
  injectHeaders(context: Context, set: HeaderSetter): void {
    if (isSuppressed(context)) return;
    const parent = localParent(spanOf(context));
    const baggage = baggageOf(context);
    for (const format of this.#formats) {
      if (parent !== undefined) format.inject?.(parent, set);
      if (baggage !== undefined) format.injectBaggage?.(baggage, set);
    }
  }

  inject<C>(context: Context, carrier: C, setter: TextMapSetter<C>): void {
    this.injectHeaders(context, (name, value) => setter.set(carrier, name, value));
  }

  extract<C>(context: Context, carrier: C, getter: TextMapGetter<C>): Context {
    const found = this.extractHeaders((name) => {
      const value = getter.get(carrier, name);
      return Array.isArray(value) ? value.join(",") : value;
    });
    const { span, baggage } = found;
    const withSpan = span === undefined ? context : contextWithSpan(context, span);
    return baggage === undefined ? withSpan : contextWithBaggage(withSpan, baggage);
  }

  fields(): string[] {
    return this.#formats.flatMap((format) => format.fields);
  }
}
