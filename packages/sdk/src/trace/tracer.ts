// OpenTelemetry's Tracer. Sampling is decided before anything of a span is built.

import type { Attributes, Context, Span, SpanKind, SpanOptions, Tracer } from "@opentelemetry/api";
import { randomnessOf, sampledState } from "../sample/ot-state.ts";
import { type Candidate, DROP } from "../sample/sampler.ts";
import { monotonicMs, offsetWithin, toMonotonicMs, wallOffsetMs } from "./clock.ts";
import { activeContext, contextWithSpan, isSuppressed, spanOf, storage } from "./context.ts";
import { isSpanId, isTraceId, newSpanId, newTraceId, random52, traceIdWith } from "./ids.ts";
import { PassiveSpan } from "./passive-span.ts";
import type { Parent, Scope, TracerCore } from "./scope.ts";
import { RecordingSpan, type SpanIdentity } from "./span.ts";

const NO_ATTRIBUTES: Attributes = {};
const INTERNAL: SpanKind = 0;
const CLIENT: SpanKind = 2;
const PRODUCER: SpanKind = 3;
/** A span in a suppressed context, for which nothing may be sent on either. */
const NOTHING: PassiveSpan = new PassiveSpan("0".repeat(32), "0".repeat(16), 0, undefined, false);

/** Makes spans of one instrumentation scope. */
export class ClewTracer implements Tracer {
  readonly #core: TracerCore;
  readonly #scope: Scope;

  constructor(core: TracerCore, scope: Scope) {
    this.#core = core;
    this.#scope = scope;
  }

  startSpan(name: string, options?: SpanOptions, context: Context = activeContext()): Span {
    try {
      return this.begin(name, options?.kind ?? INTERNAL, context, options);
    } catch {
      return NOTHING; // bad options of the application never reach it as an error
    }
  }

  /** As `startSpan`, with what is nearly always given first. Attributes may be made lazily. */
  begin(
    name: string,
    kind: SpanKind,
    context: Context,
    options?: SpanOptions,
    lazyAttributes?: () => Attributes,
  ): RecordingSpan | PassiveSpan {
    if (isSuppressed(context)) return NOTHING;
    const active = options?.root === true ? undefined : spanOf(context);
    if (active instanceof RecordingSpan) {
      return this.#recorded(name, kind, childOf(active), options, active);
    }
    if (active instanceof PassiveSpan && !active.isRemote && !active.sampled) {
      return active === NOTHING
        ? NOTHING
        : new PassiveSpan(active.traceId, undefined, active.flags, active.traceState, false);
    }
    return this.#atEdge(name, kind, parentOf(active), options, lazyAttributes);
  }

  /** Begins the first span of a trace in this process. */
  #atEdge(
    name: string,
    kind: SpanKind,
    parent: Parent | undefined,
    options: SpanOptions | undefined,
    lazyAttributes: (() => Attributes) | undefined,
  ): RecordingSpan | PassiveSpan {
    if (parent === undefined && isCall(kind)) this.#watchContext(options);
    if (this.#core.samplesEverything(parent)) {
      const identity = this.#identity(parent, parent?.traceState);
      return this.#recorded(name, kind, identity, options, undefined);
    }
    if (this.#core.samplesNothing(parent))
      return unsampled(parent, undefined, this.#core.rootFlags);
    const candidate = new NewSpan(parent, name, kind, options, lazyAttributes);
    const threshold = this.#core.decide(candidate);
    if (threshold === DROP) return unsampled(parent, candidate, this.#core.rootFlags);
    const followed = candidate.parentSampled === true;
    const before = parent?.traceState;
    const traceState = followed && threshold < 0 ? before : sampledState(threshold, before);
    const identity = this.#identity(parent, traceState, candidate.traceId);
    return this.#recorded(name, kind, identity, options, undefined);
  }

  /** What calls others without a context while requests are served has lost theirs, or is a job of its own. */
  #watchContext(options: SpanOptions | undefined): void {
    const wanted = options?.root === true || (options?.links?.length ?? 0) > 0;
    if (!wanted && this.#core.open.serving > 0) this.#core.countLostContext(this.#scope);
  }

  #identity(
    parent: Parent | undefined,
    traceState: string | undefined,
    traceId: string = parent?.traceId ?? newTraceId(),
  ): SpanIdentity {
    const flags = parent === undefined ? this.#core.rootFlags : (parent.flags & 2) | 1;
    return {
      traceId,
      spanId: newSpanId(),
      parentSpanId: parent?.spanId || undefined,
      remoteParent: parent?.isRemote === true && parent.spanId !== "",
      flags,
      traceState,
    };
  }

  #recorded(
    name: string,
    kind: SpanKind,
    identity: SpanIdentity,
    options: SpanOptions | undefined,
    within: RecordingSpan | undefined,
  ): RecordingSpan {
    const now = monotonicMs();
    const offsetMs = within === undefined ? wallOffsetMs(now) : offsetWithin(within, now);
    const start = options?.startTime;
    const startMs = start === undefined ? now : toMonotonicMs(start, offsetMs);
    const span = new RecordingSpan(this.#scope, identity, name, kind, startMs, offsetMs);
    if (options?.attributes !== undefined) span.setAttributes(options.attributes);
    if (options?.links !== undefined) span.addLinks(options.links);
    this.#core.open.add(span);
    return span;
  }

  startActiveSpan<F extends (span: Span) => ReturnType<F>>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => ReturnType<F>>(
    name: string,
    options: SpanOptions,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => ReturnType<F>>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => ReturnType<F>>(
    name: string,
    second: SpanOptions | F,
    third?: Context | F,
    fourth?: F,
  ): ReturnType<F> {
    const fn = (fourth ?? third ?? second) as F;
    const options = typeof second === "function" ? undefined : second;
    const parent = fourth === undefined ? activeContext() : (third as Context);
    const span = this.startSpan(name, options, parent);
    return storage.run<ReturnType<F>, [Span]>(contextWithSpan(parent, span), fn, span);
  }
}

function isCall(kind: SpanKind): boolean {
  return kind === CLIENT || kind === PRODUCER;
}

/** A span that is about to begin, as samplers see it. */
class NewSpan implements Candidate {
  readonly name: string;
  readonly kind: SpanKind;
  readonly #parent: Parent | undefined;
  readonly #options: SpanOptions | undefined;
  readonly #lazyAttributes: (() => Attributes) | undefined;
  #attributes: Attributes | undefined = undefined;
  /** The trace id, if one was given or asked for. */
  knownTraceId: string | undefined;
  /** The random part of a new trace. */
  random: number | undefined = undefined;

  constructor(
    parent: Parent | undefined,
    name: string,
    kind: SpanKind,
    options: SpanOptions | undefined,
    lazyAttributes: (() => Attributes) | undefined,
  ) {
    this.name = name;
    this.kind = kind;
    this.#parent = parent;
    this.#options = options;
    this.#lazyAttributes = lazyAttributes;
    this.knownTraceId = parent?.traceId;
  }

  get traceId(): string {
    this.knownTraceId ??= this.random === undefined ? newTraceId() : traceIdWith(this.random);
    return this.knownTraceId;
  }

  randomness(): number {
    // A new trace needs no id to be refused: the random part comes first, the rest when somebody asks.
    if (this.knownTraceId === undefined) this.random ??= random52();
    return this.random ?? randomnessOf(this.#parent?.traceState, this.traceId);
  }

  attributes(): Attributes {
    this.#attributes ??= this.#options?.attributes ?? this.#lazyAttributes?.() ?? NO_ATTRIBUTES;
    return this.#attributes;
  }

  get parentSampled(): boolean | undefined {
    const parent = this.#parent;
    return parent === undefined || parent.deferred ? undefined : (parent.flags & 1) !== 0;
  }
}

function unsampled(
  parent: Parent | undefined,
  candidate: NewSpan | undefined,
  rootFlags: number,
): PassiveSpan {
  const flags = (parent?.flags ?? rootFlags) & 2;
  const traceId = candidate?.knownTraceId ?? parent?.traceId;
  const state = parent?.traceState;
  return new PassiveSpan(traceId, undefined, flags, state, false, false, candidate?.random);
}

function childOf(parent: RecordingSpan): SpanIdentity {
  return {
    traceId: parent.traceId,
    spanId: newSpanId(),
    parentSpanId: parent.spanId,
    remoteParent: false,
    flags: parent.flags,
    traceState: parent.traceState,
  };
}

function parentOf(span: Span | undefined): Parent | undefined {
  if (span === undefined) return undefined;
  const context = span.spanContext();
  if (!isTraceId(context.traceId)) return undefined;
  if (!isSpanId(context.spanId) && !(span instanceof PassiveSpan && span.spanId === "")) {
    return undefined;
  }
  return {
    traceId: context.traceId,
    spanId: context.spanId,
    flags: context.traceFlags,
    traceState: context.traceState?.serialize() || undefined,
    isRemote: context.isRemote === true,
    deferred: span instanceof PassiveSpan && span.deferred,
  };
}
