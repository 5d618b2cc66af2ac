// TraceQL values as a terminal shows them.

import { formatDuration, oneLine } from "@clew/base";
import type { NamedValue, TypedValue } from "@clew/model";

const MAX_VALUE = 60;

export function valueText(value: TypedValue): string {
  switch (value.type) {
    case "nil":
      return "nil";
    case "duration":
      return formatDuration(Number(value.value));
    case "array":
      return oneLine(`[${value.value.map(valueText).join(", ")}]`, MAX_VALUE);
    default:
      return oneLine(String(value.value), MAX_VALUE);
  }
}

/** `span.http.route=/cart status=error` */
export function valuesText(values: readonly NamedValue[]): string {
  return values
    .map(({ name, value }) => `${oneLine(name, MAX_VALUE)}=${valueText(value)}`)
    .join(" ");
}
