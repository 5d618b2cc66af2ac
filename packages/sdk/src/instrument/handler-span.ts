// Spans of single handlers and middleware, which are made only where the settings ask for them: they cost as much as
// the request's own span, each.

import type { Attributes, SpanKind } from "@opentelemetry/api";
import { runWithin } from "../helpers/span.ts";
import { running } from "../sdk.ts";
import { contextWithSpan, storage } from "../trace/context.ts";
import type { Tracing } from "./instrumentation.ts";

const INTERNAL: SpanKind = 0;
const SCOPE = "@clew/sdk/handlers";

/** Whether handlers shall have spans. */
export function wantsHandlerSpans(): boolean {
  return running()?.settings.http.handlerSpans === true;
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function attributesOf(name: string): Attributes {
  return name === "" ? {} : { "code.function.name": name };
}

/** `handler`, in a span of its own that ends when it has returned, or its promise is settled. */
export function withHandlerSpan(tracing: Tracing, kind: string, handler: AnyFunction): AnyFunction {
  const name = handler.name === "" ? kind : `${kind} ${handler.name}`;
  const attributes = attributesOf(handler.name);
  return new Proxy(handler, {
    apply(target, self, args) {
      const context = tracing.active();
      const span = tracing.tracer(SCOPE).begin(name, INTERNAL, context, { attributes });
      return runWithin(span, contextWithSpan(context, span), () => target.apply(self, args));
    },
  });
}

/** A handler's span that is ended by the caller, and what runs code in it and out of it. */
export interface OpenHandler {
  within<T>(work: () => T): T;
  without<T>(work: () => T): T;
  end(): void;
}

/** Begins the span of a handler that says by a callback that it is done. */
export function openHandler(tracing: Tracing, kind: string, name: string): OpenHandler {
  const outer = tracing.active();
  const options = { attributes: attributesOf(name) };
  const span = tracing.tracer(SCOPE).begin(`${kind} ${name}`, INTERNAL, outer, options);
  const inner = contextWithSpan(outer, span);
  return {
    within: (work) => storage.run(inner, work),
    without: (work) => storage.run(outer, work),
    end: () => span.end(),
  };
}
