// Typed JSON: attribute values as JSON that keeps their types.
//   string "text"   bool true   int 12   double 1.0, 1e+21, {"double":"NaN"}   empty null
//   bytes {"bytes":"base64"}   array [...]   key-value list {"kvlist":{...}}
// An int never has a fraction or an exponent and a double always has one, so int64 stays exact.

import type { AttributeColumns, ByteDictionary } from "@clew/model";
import { toBase64 } from "../json/base64.ts";
import { type AnyValue, readAnyValue, rowValue } from "../otlp/any-value.ts";

/**
 * The AnyValue message `anyValueBytes` as typed JSON. Throws ClewError `malformed_payload` when the
 * bytes are not an AnyValue.
 */
export function renderValueJson(anyValueBytes: Uint8Array): string {
  return valueText(readAnyValue(anyValueBytes));
}

/**
 * Attribute rows `from .. to` as one JSON object keyed by attribute key, values as typed JSON. Keys
 * that occur twice occur twice in the text. Throws ClewError `malformed_payload` when a stored
 * complex value is damaged.
 */
export function renderAttributesJson(
  columns: AttributeColumns,
  strings: ByteDictionary,
  from: number,
  to: number,
): string {
  let text = "{";
  for (let row = from; row < to; row++) {
    const key = JSON.stringify(strings.text(columns.keys[row] as number));
    text += `${row === from ? "" : ","}${key}:${valueText(rowValue(columns, strings, row))}`;
  }
  return `${text}}`;
}

function valueText(value: AnyValue): string {
  switch (value.type) {
    case "string":
      return JSON.stringify(value.value);
    case "bool":
    case "int":
      return String(value.value);
    case "double":
      return doubleText(value.value);
    case "bytes":
      return `{"bytes":"${toBase64(value.value)}"}`;
    case "array":
      return `[${value.items.map(valueText).join(",")}]`;
    case "kvlist": {
      const entries = value.entries.map(
        ([key, item]) => `${JSON.stringify(key)}:${valueText(item)}`,
      );
      return `{"kvlist":{${entries.join(",")}}}`;
    }
    case "empty":
      return "null";
  }
}

function doubleText(value: number): string {
  if (!Number.isFinite(value)) return `{"double":"${value}"}`;
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
