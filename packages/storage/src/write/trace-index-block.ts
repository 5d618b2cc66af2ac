// The traces of a segment, one row each for table `trace_index`: where the trace lies and what it is.
// Rows of later segments add to it in the engine.

import { grown } from "@clew/base";
import { type SpanBatch, StatusCode } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { GroupTable } from "./group-table.ts";
import { SegmentMemory } from "./segment-memory.ts";
import type { SpanFacts } from "./span-facts.ts";

type Words = Uint32Array<ArrayBuffer>;

// Words of a group's key; four words of trace id follow.
const TENANT = 0;
const KEPT = 1;
const TRACE = 2;

/** Sets up to this size are searched from end to end; what is larger has its members hashed. */
const SMALL_SET = 16;

/** Sets of words, one a group, as chains through one pool; nearly all have a handful of members. */
class WordSets {
  readonly #heads: Words;
  readonly #sizes: Words;
  readonly #hashed = new GroupTable(2);
  #next: Words = new Uint32Array(1024);
  #values: Words = new Uint32Array(1024);
  #count = 0;

  constructor(groups: number) {
    this.#heads = new Uint32Array(groups); // index + 1; 0 = empty
    this.#sizes = new Uint32Array(groups);
  }

  add(group: number, value: number): void {
    if ((this.#sizes[group] as number) > SMALL_SET) {
      if (!this.#isNewHashed(group, value)) return;
    } else {
      for (let at = this.#heads[group] as number; at !== 0; at = this.#next[at - 1] as number) {
        if (this.#values[at - 1] === value) return;
      }
    }
    const index = this.#count++;
    if (index >= this.#values.length) {
      this.#values = grown(this.#values, index + 1);
      this.#next = grown(this.#next, index + 1);
    }
    this.#values[index] = value;
    this.#next[index] = this.#heads[group] as number;
    this.#heads[group] = index + 1;
    const size = (this.#sizes[group] as number) + 1;
    this.#sizes[group] = size;
    if (size === SMALL_SET + 1) this.#hashAll(group);
  }

  #hashAll(group: number): void {
    for (let at = this.#heads[group] as number; at !== 0; at = this.#next[at - 1] as number) {
      this.#isNewHashed(group, this.#values[at - 1] as number);
    }
  }

  #isNewHashed(group: number, value: number): boolean {
    const hashed = this.#hashed;
    const before = hashed.size;
    hashed.probe[0] = group;
    hashed.probe[1] = value;
    return hashed.group() === before;
  }

  /** All members, group after group, with their offsets. */
  flat(groups: number): { offsets: Words; values: Words } {
    const offsets = new Uint32Array(groups + 1);
    const values = new Uint32Array(this.#count);
    let count = 0;
    for (let group = 0; group < groups; group++) {
      for (let at = this.#heads[group] as number; at !== 0; at = this.#next[at - 1] as number) {
        values[count++] = this.#values[at - 1] as number;
      }
      offsets[group + 1] = count;
    }
    return { offsets, values };
  }
}

/** Native block for `trace_index`. */
export function writeTraceIndexBlock(
  batch: SpanBatch,
  facts: SpanFacts,
  memory: SegmentMemory = new SegmentMemory(),
): Uint8Array<ArrayBuffer> {
  const groups = new GroupTable(6);
  const groupOf = groupTraces(batch, facts, groups, memory);
  const rows = groups.size;
  const starts = new Uint32Array(rows * 2).fill(0xffffffff);
  const ends = new Uint32Array(rows * 2);
  const spans = new Float64Array(rows);
  const errors = new Float64Array(rows);
  const rootService = new Uint32Array(rows);
  const rootName = new Uint32Array(rows);
  const minutes = new WordSets(rows);
  const services = new WordSets(rows);
  const parents = new Uint32Array(batch.parentIds.buffer, 0, batch.length * 2);
  for (let row = 0; row < batch.length; row++) {
    const group = groupOf[row] as number;
    spans[group] = (spans[group] as number) + 1;
    if (batch.status[row] === StatusCode.Error) errors[group] = (errors[group] as number) + 1;
    keepEarlier(starts, group, batch.start, row);
    keepLater(ends, group, batch.start, row);
    if (plausibleEnd(batch, row)) keepLater(ends, group, batch.end, row);
    minutes.add(group, facts.minute[row] as number);
    services.add(group, facts.service[row] as number);
    if (((parents[row * 2] as number) | (parents[row * 2 + 1] as number)) === 0) {
      rootService[group] = facts.service[row] as number;
      rootName[group] = batch.name[row] as number;
    }
  }
  return writeBlock(
    batch,
    groups,
    {
      starts,
      ends,
      spans,
      errors,
      rootService,
      rootName,
      minutes: minutes.flat(rows),
      services: services.flat(rows),
    },
    memory,
  );
}

interface TraceColumns {
  readonly starts: Words;
  readonly ends: Words;
  readonly spans: Float64Array<ArrayBuffer>;
  readonly errors: Float64Array<ArrayBuffer>;
  readonly rootService: Words;
  readonly rootName: Words;
  readonly minutes: { offsets: Words; values: Words };
  readonly services: { offsets: Words; values: Words };
}

function groupTraces(
  batch: SpanBatch,
  facts: SpanFacts,
  groups: GroupTable,
  memory: SegmentMemory,
): Words {
  const groupOf = memory.words(batch.length);
  const ids = new Uint32Array(batch.traceIds.buffer, 0, batch.length * 4);
  const { probe } = groups;
  for (let row = 0; row < batch.length; row++) {
    const tenant = batch.tenant[row] as number;
    const kept = (((facts.day[row] as number) << 16) | (facts.keepDays[row] as number)) >>> 0;
    // Senders give many spans of a trace one after another.
    if (row > 0 && sameTrace(ids, row) && probe[TENANT] === tenant && probe[KEPT] === kept) {
      groupOf[row] = groupOf[row - 1] as number;
      continue;
    }
    probe[TENANT] = tenant;
    probe[KEPT] = kept;
    for (let word = 0; word < 4; word++) probe[TRACE + word] = ids[row * 4 + word] as number;
    groupOf[row] = groups.group();
  }
  return groupOf;
}

/** True when rows `row - 1` and `row` have one trace id. */
function sameTrace(ids: Words, row: number): boolean {
  const at = row * 4;
  return (
    ids[at] === ids[at - 4] &&
    ids[at + 1] === ids[at - 3] &&
    ids[at + 2] === ids[at - 2] &&
    ids[at + 3] === ids[at - 1]
  );
}

function writeBlock(
  batch: SpanBatch,
  groups: GroupTable,
  columns: TraceColumns,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> {
  const rows = groups.size;
  const ids = new Uint32Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    for (let word = 0; word < 4; word++) ids[row * 4 + word] = groups.key(row, TRACE + word);
  }
  const { minutes, services } = columns;
  const block = new NativeBlock(batch.strings, rows * 160 + 4096, memory.blocks);
  block.begin(12, rows);
  block.lowCardinality("tenant", groups.column(TENANT), rows);
  block.fixed("trace_id", "FixedString(16)", new Uint8Array(ids.buffer), rows * 16);
  block.fixed("day", "Date", groups.halves(KEPT, 16), rows);
  block.fixed("keep_days", "UInt16", groups.halves(KEPT, 0), rows);
  block.fixed("start", "DateTime64(9, 'UTC')", columns.starts, rows * 2);
  block.fixed("end", "DateTime64(9, 'UTC')", columns.ends, rows * 2);
  block.arrayHeader("minutes", "UInt32", minutes.offsets, rows);
  block.sink.column(minutes.values, minutes.values.length);
  block.wholeNumbers("spans", "UInt64", columns.spans, rows);
  block.wholeNumbers("errors", "UInt64", columns.errors, rows);
  block.strings("root_service", columns.rootService, rows);
  block.strings("root_name", columns.rootName, rows);
  block.arrayHeader("services", "String", services.offsets, rows);
  block.stringData(services.values, services.values.length);
  return block.end();
}

/** An end before its start or past 2262 (what a signed 64-bit time holds) says nothing about the trace. */
function plausibleEnd(batch: SpanBatch, row: number): boolean {
  return (batch.end[row * 2 + 1] as number) < 0x80000000;
}

function keepEarlier(into: Words, group: number, from: Words, row: number): void {
  if (compare(from, row, into, group) < 0) copy(into, group, from, row);
}

function keepLater(into: Words, group: number, from: Words, row: number): void {
  if (compare(from, row, into, group) > 0) copy(into, group, from, row);
}

function copy(into: Words, group: number, from: Words, row: number): void {
  into[group * 2] = from[row * 2] as number;
  into[group * 2 + 1] = from[row * 2 + 1] as number;
}

function compare(a: Words, i: number, b: Words, j: number): number {
  return (
    (a[i * 2 + 1] as number) - (b[j * 2 + 1] as number) ||
    (a[i * 2] as number) - (b[j * 2] as number)
  );
}
