// Attribute values as plain text and plain JSON, for formats without OTLP's types: a string is itself,
// arrays and key-value lists are JSON texts, bytes are base64, NaN and the infinities are their names.

import { toBase64 } from "../json/base64.ts";
import type { AnyValue } from "../otlp/any-value.ts";

/** `value` as a text; an empty value is the empty text. */
export function plainText(value: AnyValue): string {
  switch (value.type) {
    case "string":
      return value.value;
    case "empty":
      return "";
    case "bytes":
      return toBase64(value.value);
    case "double":
      return doubleText(value.value);
    default:
      return plainJson(value);
  }
}

/** `value` as JSON text; 64-bit integers keep all their digits. */
export function plainJson(value: AnyValue): string {
  switch (value.type) {
    case "empty":
      return "null";
    case "bool":
    case "int":
      return String(value.value);
    case "double":
      return Number.isFinite(value.value) ? doubleText(value.value) : `"${value.value}"`;
    case "array":
      return `[${value.items.map(plainJson).join(",")}]`;
    case "kvlist":
      return plainJsonObject(value.entries);
    default:
      return JSON.stringify(plainText(value));
  }
}

/** Entries as the text of one JSON object, in their order. */
export function plainJsonObject(entries: readonly (readonly [string, AnyValue])[]): string {
  const fields = entries.map(([key, item]) => `${JSON.stringify(key)}:${plainJson(item)}`);
  return `{${fields.join(",")}}`;
}

function doubleText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
