// Part `floor`: what decoding alone costs, and what the engine takes for ready files of the same rows.

import type { FloorReport } from "../floor.ts";
import type { BenchRun } from "../run.ts";

/** What no design around this decoder and this engine can go below, microseconds of CPU a span. */
export function floorSum({ decode, insertAndMerge }: FloorReport): number {
  return decode + insertAndMerge;
}

/** Measures and lists the floor. */
export async function benchFloor(run: BenchRun): Promise<void> {
  const figures = run.figures("floor");
  figures.step("decoding, and inserting ready files, in one process");
  const floor = await run.floor();
  const unit = "us/span";
  const spans = `${floor.spans.toLocaleString("en-US")} spans`;
  figures.add("decode OTLP protobuf to columns", floor.decode, unit, { note: spans });
  figures.add("engine: insert ready files", floor.insert, unit);
  figures.add("engine: insert and the merges that follow", floor.insertAndMerge, unit);
  figures.add("floor: decode + insert + merges", floorSum(floor), unit);
  figures.add("columns to files of all tables (not in the floor)", floor.encode, unit);
}
