// Calls between services, summed over the segments of a group: they become the rows of `edges_1m`.

import { grown } from "@clew/base";
import type { ByteDictionary } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { NODE_TYPE, SOURCE_TYPE } from "../schema/column-types.ts";
import { GroupTable } from "../write/group-table.ts";
import { Histograms, histogramBucket } from "../write/histograms.ts";
import { OTHER_NAME } from "../write/red-sums.ts";
import type { SegmentMemory } from "../write/segment-memory.ts";
import { NodeType } from "./peers.ts";

/** Edges of a group; beyond it those to databases, queues and peers that are new go to "(other)". */
const MAX_EDGES = 20_000;

// Words of an edge's key.
const TENANT = 0;
const SOURCE = 1;
const TARGET = 2;
/** Type of the source << 8 | type of the target. */
const TYPES = 3;
const MINUTE = 4;
/** Day << 16 | days to keep. */
const KEPT = 5;

/** Sums of the edges that closed; names are ids in `strings`. */
export class EdgeSums {
  readonly strings: ByteDictionary;
  readonly #groups = new GroupTable(6);
  readonly #histograms = new Histograms();
  #weights: Float64Array<ArrayBuffer> = new Float64Array(256);
  #errors: Float64Array<ArrayBuffer> = new Float64Array(256);

  constructor(strings: ByteDictionary) {
    this.strings = strings;
  }

  /** Says which edge the next `add` is for. */
  choose(
    tenant: number,
    source: number,
    target: number,
    types: number,
    minute: number,
    kept: number,
  ): void {
    const { probe } = this.#groups;
    probe[TENANT] = tenant;
    probe[SOURCE] = source;
    probe[TARGET] = target;
    probe[TYPES] = types;
    probe[MINUTE] = minute;
    probe[KEPT] = kept;
  }

  /** Adds a call to the chosen edge. */
  add(durationNano: number, weight: number, isError: boolean): void {
    if (this.#groups.size >= MAX_EDGES && !this.#groups.has()) this.#toOther();
    const group = this.#groups.group();
    if (group >= this.#weights.length) {
      this.#weights = grown(this.#weights, group + 1);
      this.#errors = grown(this.#errors, group + 1);
    }
    this.#weights[group] = (this.#weights[group] as number) + weight;
    if (isError) this.#errors[group] = (this.#errors[group] as number) + weight;
    this.#histograms.add(group, histogramBucket(durationNano), weight);
  }

  /** Native block for `edges_1m`, or undefined when there are none. */
  write(memory: SegmentMemory): Uint8Array<ArrayBuffer> | undefined {
    const groups = this.#groups;
    const rows = groups.size;
    if (rows === 0) return undefined;
    const types = groups.column(TYPES);
    const targetTypes = Uint8Array.from(types, (value) => value & 255);
    const sourceTypes = Uint8Array.from(types, (value) => value >> 8);
    const block = new NativeBlock(this.strings, rows * 256 + 4096, memory.blocks);
    block.begin(11, rows);
    block.lowCardinality("tenant", groups.column(TENANT), rows);
    block.lowCardinality("source", groups.column(SOURCE), rows);
    block.lowCardinality("target", groups.column(TARGET), rows);
    block.fixed("target_type", NODE_TYPE, targetTypes, rows);
    block.fixed("source_type", SOURCE_TYPE, sourceTypes, rows);
    block.seconds("minute", groups.column(MINUTE), 60, rows);
    block.fixed("day", "Date", groups.halves(KEPT, 16), rows);
    block.fixed("keep_days", "UInt16", groups.halves(KEPT, 0), rows);
    block.fixed("weight", "Float64", this.#weights, rows);
    block.fixed("errors", "Float64", this.#errors, rows);
    block.histogram("hist", this.#histograms.column(rows), rows);
    return block.end();
  }

  /** Renames whatever of the chosen edge is no service. */
  #toOther(): void {
    const { probe } = this.#groups;
    const other = this.strings.internText(OTHER_NAME);
    const types = probe[TYPES] as number;
    if (types >> 8 !== NodeType.Service) probe[SOURCE] = other;
    if ((types & 255) !== NodeType.Service) probe[TARGET] = other;
  }
}
