// A span that records. Attributes are a flat list of keys and values, since there are few of them and they
// are read once, by the encoder.

import type {
  Attributes,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from "@opentelemetry/api";
import type { SpanAttributes } from "../semconv.ts";
import { monotonicMs, toMonotonicMs } from "./clock.ts";
import { exceptionAttributes } from "./exception.ts";
import { isSpanId, isTraceId } from "./ids.ts";
import type { SpanLimits } from "./limits.ts";
import { traceStateOf } from "./trace-state.ts";

/** Something that happened at a time within a span. */
export interface SpanEvent {
  readonly name: string;
  readonly ms: number;
  /** Keys and values in turn. */
  readonly attributes: readonly unknown[];
  readonly dropped: number;
}

/** A span of another or the same trace that this one has to do with. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly traceState: string | undefined;
  readonly attributes: readonly unknown[];
  readonly dropped: number;
}

/** A group of spans of one instrumentation, with what takes them when they end. */
export interface SpanScope {
  readonly limits: SpanLimits;
  /** Called once for each span, when it ends. Must not throw. */
  ended(span: RecordingSpan): void;
}

/** What is decided before a span is made. */
export interface SpanIdentity {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly remoteParent: boolean;
  readonly flags: number;
  readonly traceState: string | undefined;
}

const EMPTY: readonly unknown[] = [];

/** A span that is recorded and sent. */
export class RecordingSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly remoteParent: boolean;
  readonly flags: number;
  readonly traceState: string | undefined;
  readonly kind: SpanKind;
  readonly scope: SpanScope;
  readonly startMs: number;
  readonly offsetMs: number;
  name: string;
  /** 0 while the span is open. */
  endMs = 0;
  /** Keys and values in turn. */
  attributes: unknown[] = [];
  droppedAttributes = 0;
  events: SpanEvent[] | undefined = undefined;
  droppedEvents = 0;
  links: SpanLink[] | undefined = undefined;
  droppedLinks = 0;
  statusCode = 0;
  statusMessage: string | undefined = undefined;
  /** Neighbours in the list of open spans. */
  before: RecordingSpan | undefined = undefined;
  after: RecordingSpan | undefined = undefined;
  #context: SpanContext | undefined = undefined;

  constructor(
    scope: SpanScope,
    identity: SpanIdentity,
    name: string,
    kind: SpanKind,
    startMs: number,
    offsetMs: number,
  ) {
    this.scope = scope;
    this.traceId = identity.traceId;
    this.spanId = identity.spanId;
    this.parentSpanId = identity.parentSpanId;
    this.remoteParent = identity.remoteParent;
    this.flags = identity.flags;
    this.traceState = identity.traceState;
    this.name = nameText(name);
    this.kind = kind;
    this.startMs = startMs;
    this.offsetMs = offsetMs;
  }

  get limits(): SpanLimits {
    return this.scope.limits;
  }

  spanContext(): SpanContext {
    this.#context ??= makeContext(this);
    return this.#context;
  }

  isRecording(): boolean {
    return this.endMs === 0;
  }

  setAttribute(key: string, value: unknown): this {
    if (this.endMs !== 0) return this;
    try {
      this.put(key, value);
    } catch {
      this.droppedAttributes++; // a proxy of the application that throws
    }
    return this;
  }

  setAttributes(attributes: Attributes): this {
    if (this.endMs === 0) this.#putAll(attributes);
    return this;
  }

  /** As `setAttributes`, with the types of the semantic conventions. */
  set(attributes: SpanAttributes): this {
    return this.setAttributes(attributes);
  }

  /** Sets an attribute whose key may be there already. */
  put(key: string, value: unknown): void {
    if (typeof key !== "string" || key === "" || value === undefined || value === null) return;
    const { attributes } = this;
    for (let i = 0; i < attributes.length; i += 2) {
      if (attributes[i] === key) {
        attributes[i + 1] = value;
        return;
      }
    }
    this.add(key, value);
  }

  /** Sets an attribute that is known to be new. */
  add(key: string, value: unknown): void {
    if (this.attributes.length >= this.scope.limits.attributes * 2) this.droppedAttributes++;
    else this.attributes.push(key, Array.isArray(value) ? value.slice() : value);
  }

  #putAll(attributes: Attributes): void {
    for (const key of keysOf(attributes)) {
      try {
        this.put(key, attributes[key]);
      } catch {
        this.droppedAttributes++; // a getter of the application that throws
      }
    }
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.endMs !== 0) return this;
    try {
      this.#addEvent(name, attributesOrTime, time);
    } catch {
      this.droppedEvents++; // a proxy of the application that throws
    }
    return this;
  }

  #addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): void {
    const timeOnly = isTime(attributesOrTime);
    const at = timeOnly ? attributesOrTime : time;
    const given = timeOnly ? undefined : attributesOrTime;
    const { events: most, attributesPerEvent } = this.scope.limits;
    this.events ??= [];
    if (this.events.length >= most) {
      this.events.shift();
      this.droppedEvents++;
    }
    if (most === 0) return;
    const { attributes, dropped } = flatten(given, attributesPerEvent);
    const ms = toMonotonicMs(at, this.offsetMs);
    this.events.push({ name: nameText(name), ms, attributes, dropped });
  }

  addLink(link: Link): this {
    if (this.endMs !== 0) return this;
    try {
      this.#addLink(link);
    } catch {
      this.droppedLinks++; // as above
    }
    return this;
  }

  #addLink(link: Link): void {
    const context = link?.context;
    if (!isTraceId(context?.traceId) || !isSpanId(context.spanId)) return;
    const { links: most, attributesPerLink } = this.scope.limits;
    this.links ??= [];
    if (this.links.length >= most) {
      this.droppedLinks++;
      return;
    }
    const { attributes, dropped } = flatten(link.attributes, attributesPerLink);
    this.links.push({
      traceId: context.traceId,
      spanId: context.spanId,
      flags: context.traceFlags,
      traceState: context.traceState?.serialize() || undefined,
      attributes,
      dropped: dropped + (link.droppedAttributesCount ?? 0),
    });
  }

  addLinks(links: Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    // Ok is final, and Unset never takes anything back (specification of the trace API, "Set Status").
    if (this.endMs !== 0 || this.statusCode === 1) return this;
    try {
      const { code, message } = status;
      if (code !== 1 && code !== 2) return this;
      const text = code === 2 && typeof message === "string" ? message : "";
      this.statusMessage = text === "" ? undefined : text.slice(0, this.scope.limits.valueLength);
      this.statusCode = code;
    } catch {
      // Not a status.
    }
    return this;
  }

  updateName(name: string): this {
    if (this.endMs === 0) this.name = nameText(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    this.addEvent("exception", exceptionAttributes(exception), time);
  }

  end(time?: TimeInput): void {
    if (this.endMs !== 0) return;
    const end = time === undefined ? monotonicMs() : toMonotonicMs(time, this.offsetMs);
    // 0 means open, and a span cannot end before it begins.
    this.endMs = Math.max(end, this.startMs) || Number.MIN_VALUE;
    this.scope.ended(this);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

function makeContext(span: RecordingSpan): SpanContext {
  const { traceId, spanId, flags: traceFlags, traceState } = span;
  if (traceState === undefined) return { traceId, spanId, traceFlags };
  return { traceId, spanId, traceFlags, traceState: traceStateOf(traceState) };
}

/** Programs without types may pass anything for a name. */
function nameText(name: unknown): string {
  return typeof name === "string" ? name : `[${typeof name}]`;
}

function isTime(value: unknown): value is TimeInput {
  if (typeof value === "number" || value instanceof Date) return true;
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "number";
}

function keysOf(attributes: unknown): readonly string[] {
  try {
    return typeof attributes === "object" && attributes !== null ? Object.keys(attributes) : [];
  } catch {
    return []; // a proxy of the application that throws
  }
}

function flatten(attributes: Attributes | undefined, most: number) {
  if (attributes === null || typeof attributes !== "object")
    return { attributes: EMPTY, dropped: 0 };
  const flat: unknown[] = [];
  let dropped = 0;
  for (const key of keysOf(attributes)) {
    if (flat.length >= most * 2) dropped++;
    else {
      try {
        const value: unknown = attributes[key];
        if (value !== undefined && value !== null) flat.push(key, value);
      } catch {
        dropped++; // a getter of the application that throws
      }
    }
  }
  return { attributes: flat, dropped };
}
