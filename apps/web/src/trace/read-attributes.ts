// Attribute rows of a batch as keys and texts, made only for the span that is open.

import { type AttributeColumns, type SpanBatch, ValueType } from "@clew/model";
import { anyValueText, base64 } from "./any-value-text.ts";

export interface AttributeText {
  readonly key: string;
  readonly value: string;
  readonly type: "string" | "int" | "double" | "bool" | "bytes" | "array" | "map" | "empty";
}

/** Attributes `from`..`to` of a table, in the sender's order. */
export function readAttributes(
  batch: SpanBatch,
  columns: AttributeColumns,
  from: number,
  to: number,
): readonly AttributeText[] {
  const result: AttributeText[] = [];
  for (let row = from; row < to; row++) {
    const key = batch.strings.text(columns.keys[row] as number);
    result.push({ key, ...readValue(batch, columns, row) });
  }
  return result;
}

function readValue(
  batch: SpanBatch,
  columns: AttributeColumns,
  row: number,
): Omit<AttributeText, "key"> {
  const id = columns.slots[row * 2] as number;
  switch (columns.types[row]) {
    case ValueType.String:
      return { type: "string", value: batch.strings.text(id) };
    case ValueType.Int:
      return { type: "int", value: columns.int(row).toString() };
    case ValueType.Double:
      return { type: "double", value: String(columns.double(row)) };
    case ValueType.Bool:
      return { type: "bool", value: id === 1 ? "true" : "false" };
    case ValueType.Bytes:
      return { type: "bytes", value: base64(batch.strings.view(id)) };
    case ValueType.Array:
      return { type: "array", value: anyValueText(batch.strings.view(id)) };
    case ValueType.KvList:
      return { type: "map", value: anyValueText(batch.strings.view(id)) };
    default:
      return { type: "empty", value: "" };
  }
}
