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
import type {
  Format,
  HeaderGetter,
  HeaderNames,
  HeaderSetter,
  LocalParent,
  RemoteParent,
} from "./format.ts";

function localParent(span: Span | undefined): LocalParent | undefined {
  if (span instanceof RecordingSpan) return span;
  if (span === undefined) return undefined;
  if (span instanceof PassiveSpan)
    return isTraceId(span.traceId) && span.spanId !== "" ? span : undefined;
  const { traceId, spanId, traceFlags: flags, traceState } = span.spanContext();
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  return { traceId, spanId, flags, traceState: traceState?.serialize() || undefined };
}

function passiveSpan({ traceId, spanId, flags, traceState, deferred }: RemoteParent): PassiveSpan {
  // Without a span id the trace goes on, or begins, with a root span of ours.
  return new PassiveSpan(traceId || undefined, spanId, flags, traceState, true, deferred);
}

/** Reads and writes the headers of all configured formats. */
export class Propagation implements TextMapPropagator {
  readonly #formats: readonly Format[];

  constructor(formats: readonly Format[]) {
    this.#formats = formats;
  }

  /**
   * The caller's context over the root context. The first format that finds a parent wins; a decision or a
   * trace id alone counts only when none of the others has more, since proxies add such headers.
   */
  extractHeaders(get: HeaderGetter, names?: HeaderNames): ClewContext {
    let parent: RemoteParent | undefined;
    let baggage: Baggage | undefined;
    for (const format of this.#formats) {
      if (parent === undefined || parent.spanId === "") {
        const found = format.extract?.(get);
        if (found !== undefined && (parent === undefined || found.spanId !== "")) parent = found;
      }
      baggage ??= format.extractBaggage?.(get, names);
    }
    if (parent === undefined && baggage === undefined) return ROOT;
    return new ClewContext(parent === undefined ? undefined : passiveSpan(parent), baggage);
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
    const found = this.extractHeaders(
      (name) => {
        const value = getter.get(carrier, name);
        return Array.isArray(value) ? value.join(",") : value;
      },
      () => getter.keys(carrier),
    );
    const { span, baggage } = found;
    const withSpan = span === undefined ? context : contextWithSpan(context, span);
    return baggage === undefined ? withSpan : contextWithBaggage(withSpan, baggage);
  }

  fields(): string[] {
    return this.#formats.flatMap((format) => format.fields);
  }
}
