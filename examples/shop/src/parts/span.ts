// One way to run a piece of work inside a span: failures are recorded, the span always ends.
import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
} from "@opentelemetry/api";
import { tracer } from "./telemetry.ts";

/** What a span starts with. */
export interface SpanStart {
  name: string;
  kind?: SpanKind;
  attributes?: Attributes;
  links?: Link[];
  /** The parent context; the active one when left out. */
  parent?: Context;
}

/**
 * Marks a span as failed: status, the exception event and `error.type`, which is the given type,
 * else the error's own `errorType`, else its name.
 */
export function failSpan(span: Span, error: unknown, errorType?: string): void {
  const cause = error instanceof Error ? error : new Error(String(error));
  const own = "errorType" in cause ? String(cause.errorType) : cause.name;
  span.recordException(cause);
  span.setAttribute("error.type", errorType ?? own);
  span.setStatus({ code: SpanStatusCode.ERROR, message: cause.message });
}

/** Runs `body` inside a new active span; what it throws is recorded on the span and passed on. */
export async function inSpan<T>(start: SpanStart, body: (span: Span) => Promise<T>): Promise<T> {
  const options = {
    kind: start.kind ?? SpanKind.INTERNAL,
    attributes: start.attributes ?? {},
    links: start.links ?? [],
  };
  const parent = start.parent ?? context.active();
  return tracer.startActiveSpan(start.name, options, parent, async (span) => {
    try {
      return await body(span);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}
