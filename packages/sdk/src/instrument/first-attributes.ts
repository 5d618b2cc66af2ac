// Writes down what is known of a span when it begins, without looking for keys that it cannot have yet.

import type { Attributes } from "@opentelemetry/api";
import type { RecordingSpan } from "../trace/span.ts";

/** Adds `attributes` to a span that has none of them. */
export function addFirst(span: RecordingSpan, attributes: Attributes): void {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key];
    if (value !== undefined && value !== null) span.add(key, value);
  }
}
