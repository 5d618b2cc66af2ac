// The five typed attribute maps as Native columns; tables spans, resources, scopes and logs share them.

import type { NativeBlock } from "../native/native-block.ts";
import type { MapColumns, SplitAttributes } from "./attribute-split.ts";

/** How many columns `writeAttributeMaps` adds to a block. */
export const ATTRIBUTE_MAP_COLUMNS = 5;

export function writeAttributeMaps(block: NativeBlock, split: SplitAttributes, rows: number): void {
  writeMap(block, "str", "String", split.str, rows);
  writeMap(block, "int", "Int64", split.int, rows);
  writeMap(block, "dbl", "Float64", split.dbl, rows);
  writeMap(block, "bool", "Bool", split.bool, rows);
  writeMap(block, "other", "String", split.other, rows);
}

/** Map(LowCardinality(String), value): prefix of the keys, offsets, keys, values. */
function writeMap(
  block: NativeBlock,
  name: string,
  value: "String" | "Int64" | "Float64" | "Bool",
  map: MapColumns,
  rows: number,
): void {
  const entries = map.offsets[rows] as number;
  block.header(name, `Map(LowCardinality(String), ${value})`);
  block.lowCardinalityPrefix();
  block.arrayOffsets(map.offsets, rows);
  block.lowCardinalityData(map.keys, entries);
  if (value === "String") block.stringData(map.values, entries);
  else if (value === "Bool") block.sink.append(Uint8Array.from(map.values.subarray(0, entries)));
  else block.sink.column(map.values, entries * 2);
}
