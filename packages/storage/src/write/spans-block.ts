// SpanBatch -> one Native block for table `spans`. Column names and types match schema/tables.ts; the
// order here is free, since Native carries names.

import { renderAttributesJson } from "@clew/codec";
import type { AttributeColumns, SpanBatch } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { EVENT_TYPE, KIND_TYPE, LINK_TYPE, STATUS_TYPE } from "../schema/column-types.ts";
import { promotedAttributes } from "../schema/promoted.ts";
import { writeAttributeMaps } from "./attribute-maps.ts";
import type { SplitAttributes } from "./attribute-split.ts";
import type { ContentIds } from "./content-ids.ts";
import { GroupTable } from "./group-table.ts";
import { SegmentMemory } from "./segment-memory.ts";
import type { SpanFacts } from "./span-facts.ts";

type Words = Uint32Array<ArrayBuffer>;

const NANO_TIME = "DateTime64(9, 'UTC')";

/** Writes all spans of `batch`. `ids` gives the content-derived ids of its resources and scopes. */
export function writeSpansBlock(
  batch: SpanBatch,
  ids: ContentIds,
  facts: SpanFacts,
  split: SplitAttributes,
  memory: SegmentMemory = new SegmentMemory(),
): Uint8Array<ArrayBuffer> {
  const rows = batch.length;
  const eventAttributes = jsonColumn(
    batch,
    batch.eventAttributes,
    batch.eventAttributeOffsets,
    batch.eventCount,
    memory,
  );
  const linkAttributes = jsonColumn(
    batch,
    batch.linkAttributes,
    batch.linkAttributeOffsets,
    batch.linkCount,
    memory,
  );
  const block = new NativeBlock(batch.strings, rows * 384 + 4096, memory.blocks);
  block.begin(29 + promotedAttributes.length, rows);
  block.lowCardinality("tenant", batch.tenant, rows);
  block.fixed("day", "Date", facts.day, rows);
  block.fixed("keep_days", "UInt16", facts.keepDays, rows);
  block.fixed("minute", "UInt32", facts.minute, rows);
  block.fixed("start", NANO_TIME, batch.start, rows * 2);
  block.fixed("duration", "Int64", durations(batch, memory), rows * 2);
  block.fixed("trace_id", "FixedString(16)", batch.traceIds, rows * 16);
  block.fixed("span_id", "FixedString(8)", batch.spanIds, rows * 8);
  block.fixed("parent_span_id", "FixedString(8)", batch.parentIds, rows * 8);
  block.strings("trace_state", batch.traceState, rows);
  block.fixed("flags", "UInt32", batch.flags, rows);
  block.lowCardinality("service", facts.service, rows);
  block.lowCardinality("name", batch.name, rows);
  block.fixed("kind", KIND_TYPE, batch.kind, rows);
  block.fixed("status", STATUS_TYPE, batch.status, rows);
  block.strings("status_message", batch.statusMessage, rows);
  block.fixed("adjusted_count", "Float32", batch.adjustedCount, rows);
  block.fixed(
    "resource_id",
    "UInt64",
    gatherWords(ids.resourceIds, batch.resource, rows, memory),
    rows * 2,
  );
  block.fixed("scope_id", "UInt64", gatherWords(ids.scopeIds, batch.scope, rows, memory), rows * 2);
  block.fixed("dropped_attributes", "UInt32", batch.droppedAttributes, rows);
  block.fixed("dropped_events", "UInt32", batch.droppedEvents, rows);
  block.fixed("dropped_links", "UInt32", batch.droppedLinks, rows);
  for (const [index, attribute] of promotedAttributes.entries()) {
    const values = split.promoted[index] as Words;
    if (attribute.type === "string") block.lowCardinality(attribute.column, values, rows);
    else block.fixed(attribute.column, "UInt16", lowHalves(values, rows, memory), rows);
  }
  writeAttributeMaps(block, split, rows);
  writeEvents(block, batch, eventAttributes);
  writeLinks(block, batch, linkAttributes);
  return block.end();
}

/** Array(Tuple): the prefix of the one LowCardinality field, the offsets, then field after field. */
function writeEvents(block: NativeBlock, batch: SpanBatch, attributes: Words): void {
  const count = batch.eventCount;
  block.header("events", `Array(${EVENT_TYPE})`);
  block.lowCardinalityPrefix();
  block.arrayOffsets(batch.eventOffsets, batch.length);
  block.sink.column(batch.eventTime, count * 2);
  block.lowCardinalityData(batch.eventName, count);
  block.stringData(attributes, count);
  block.sink.column(batch.eventDroppedAttributes, count);
}

function writeLinks(block: NativeBlock, batch: SpanBatch, attributes: Words): void {
  const count = batch.linkCount;
  block.header("links", `Array(${LINK_TYPE})`);
  block.arrayOffsets(batch.linkOffsets, batch.length);
  block.sink.column(batch.linkTraceIds, count * 16);
  block.sink.column(batch.linkSpanIds, count * 8);
  block.stringData(batch.linkTraceState, count);
  block.sink.column(batch.linkFlags, count);
  block.stringData(attributes, count);
  block.sink.column(batch.linkDroppedAttributes, count);
}

/** End minus start as two's complement words; wraps exactly, so end = start + duration always holds. */
function durations(batch: SpanBatch, memory: SegmentMemory): Words {
  const rows = batch.length;
  const { start, end } = batch;
  const words = memory.words(rows * 2);
  for (let at = 0; at < rows * 2; at += 2) {
    const low = (end[at] as number) - (start[at] as number);
    words[at] = low;
    words[at + 1] = (end[at + 1] as number) - (start[at + 1] as number) - (low < 0 ? 1 : 0);
  }
  return words;
}

function lowHalves(words: Words, rows: number, memory: SegmentMemory): Uint16Array<ArrayBuffer> {
  const halves = memory.halves(rows);
  for (let row = 0; row < rows; row++) halves[row] = words[row] as number;
  return halves;
}

/** Two words a row, looked up by index. */
export function gatherWords(
  values: Words,
  indexes: Words,
  rows: number,
  memory: SegmentMemory,
): Words {
  const result = memory.words(rows * 2);
  for (let row = 0; row < rows; row++) {
    const index = indexes[row] as number;
    result[row * 2] = values[index * 2] as number;
    result[row * 2 + 1] = values[index * 2 + 1] as number;
  }
  return result;
}

/** One dictionary id an event or link: its attributes as typed JSON, '' when it has none. */
function jsonColumn(
  batch: SpanBatch,
  attributes: AttributeColumns,
  offsets: Words,
  count: number,
  memory: SegmentMemory,
): Words {
  const ids = memory.zeroWords(count);
  const contents = new AttributeLists();
  const rendered: number[] = [];
  for (let row = 0; row < count; row++) {
    const from = offsets[row] as number;
    const to = offsets[row + 1] as number;
    if (to === from) continue;
    const content = contents.numberOf(attributes, from, to);
    ids[row] = rendered[content] ??= batch.strings.internText(
      renderAttributesJson(attributes, batch.strings, from, to),
    );
  }
  return ids;
}

/** Numbers for distinct lists of attributes: rendering one costs far more than knowing it again. */
class AttributeLists {
  // Step: number of the list so far (0 = empty), and the attribute that comes next.
  readonly #steps = new GroupTable(5);

  /** Equal for equal attribute rows `from .. to` in equal order; at least 1. */
  numberOf({ keys, types, slots }: AttributeColumns, from: number, to: number): number {
    const steps = this.#steps;
    let list = 0;
    for (let at = from; at < to; at++) {
      steps.probe[0] = list;
      steps.probe[1] = keys[at] as number;
      steps.probe[2] = types[at] as number;
      steps.probe[3] = slots[at * 2] as number;
      steps.probe[4] = slots[at * 2 + 1] as number;
      list = steps.group() + 1;
    }
    return list;
  }
}
