// Spans of one's own: `span()` around a piece of work, `startSpan()` for the rest.

import type { Context, Link, Span, SpanKind, TimeInput } from "@opentelemetry/api";
import { running } from "../sdk.ts";
import type { SpanAttributes } from "../semconv.ts";
import { activeContext, contextWithSpan, ROOT, spanOf, storage } from "../trace/context.ts";
import { fail } from "../trace/exception.ts";
import { PassiveSpan } from "../trace/passive-span.ts";
import { RecordingSpan } from "../trace/span.ts";
import { watchResult } from "./watch-result.ts";

const KINDS = ["internal", "server", "client", "producer", "consumer"] as const;
const OWN_SCOPE = "@clew/sdk";
const NOTHING = new PassiveSpan("0".repeat(32), "0".repeat(16), 0, undefined, false);

/** A span with a shorter way to set attributes, which ends with its block when declared by `using`. */
export interface SpanHandle extends Span {
  set(attributes: SpanAttributes): this;
  [Symbol.dispose](): void;
}

/** How a span is begun. */
export interface SpanChoices {
  readonly kind?: (typeof KINDS)[number];
  readonly links?: Link[];
  readonly startTime?: TimeInput;
  /** The context to begin in; default the active one. `null` begins a new trace. */
  readonly parent?: Context | null;
  /** Name of the scope that the span is filed under. */
  readonly scope?: string;
}

function begin(
  name: string,
  attributes: SpanAttributes | undefined,
  choices: SpanChoices,
  context: Context,
): SpanHandle {
  const tracer = running()?.tracer(choices.scope ?? OWN_SCOPE);
  if (tracer === undefined) return NOTHING;
  const { links, startTime } = choices;
  return tracer.startSpan(
    name,
    {
      kind: Math.max(0, KINDS.indexOf(choices.kind ?? "internal")) as SpanKind,
      ...(attributes === undefined ? {} : { attributes: attributes }),
      ...(links === undefined ? {} : { links }),
      ...(startTime === undefined ? {} : { startTime }),
    },
    context,
  ) as SpanHandle;
}

/** The context that a span begins in. */
export function parentOf(choices: SpanChoices): Context {
  return choices.parent === null ? ROOT : (choices.parent ?? activeContext());
}

/** Runs `work` within `span` and ends it when the work is done, be it at once or by a promise. */
export function runWithin<T>(span: Span, context: Context, work: () => T): T {
  let result: T;
  try {
    result = storage.run(context, work);
  } catch (thrown) {
    fail(span, thrown);
    span.end();
    throw thrown;
  }
  return watchResult(span, context, result) as T;
}

type Work<T> = (span: SpanHandle) => T;

/** Runs `work` in a span of its own; returns what it returns and throws what it throws. */
export function span<T>(name: string, work: Work<T>): T;
export function span<T>(name: string, attributes: SpanAttributes, work: Work<T>): T;
export function span<T>(
  name: string,
  attributes: SpanAttributes,
  choices: SpanChoices,
  work: Work<T>,
): T;
export function span<T>(
  name: string,
  second: SpanAttributes | Work<T>,
  third?: SpanChoices | Work<T>,
  fourth?: Work<T>,
): T {
  const work = (fourth ?? third ?? second) as Work<T>;
  const attributes = typeof second === "function" ? undefined : second;
  const choices = typeof third === "object" ? third : {};
  const parent = parentOf(choices);
  const handle = begin(name, attributes, choices, parent);
  return runWithin(handle, contextWithSpan(parent, handle), () => work(handle));
}

/** Begins a span that the caller ends: by `end()`, or by its block in `using s = startSpan(...)`. */
export function startSpan(
  name: string,
  attributes?: SpanAttributes,
  choices: SpanChoices = {},
): SpanHandle {
  return begin(name, attributes, choices, parentOf(choices));
}

/** The span of the code that asks, if it is recorded. */
export function activeSpan(): SpanHandle | undefined {
  const found = spanOf(activeContext());
  if (found instanceof RecordingSpan) return found;
  // Another copy of this package may have made it.
  return found !== undefined && "set" in found && found.isRecording()
    ? (found as SpanHandle)
    : undefined;
}

/** Sends all ended spans; resolves to whether everything arrived within `ms` milliseconds. */
export function flush(ms?: number): Promise<boolean> {
  return running()?.flush(ms) ?? Promise.resolve(true);
}
