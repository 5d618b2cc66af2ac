// LogBatch -> one Native block for table `logs`.

import { type LogBatch, ValueType } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { BODY_TYPE } from "../schema/column-types.ts";
import { ATTRIBUTE_MAP_COLUMNS, writeAttributeMaps } from "./attribute-maps.ts";
import { splitAttributes, typedValueText } from "./attribute-split.ts";
import type { ContentIds } from "./content-ids.ts";
import { SegmentMemory } from "./segment-memory.ts";
import { daysOf, keepDaysOf, minutesOf, type Retention } from "./span-facts.ts";
import { gatherWords } from "./spans-block.ts";

type Words = Uint32Array<ArrayBuffer>;

const NANO_TIME = "DateTime64(9, 'UTC')";

/** What a log record's table row is filed under. */
export interface LogFacts {
  /** Time of the record in words; the observed time, or the arrival, where the source gave none. */
  readonly time: Words;
  readonly minute: Words;
  readonly day: Uint16Array<ArrayBuffer>;
  readonly keepDays: Uint16Array<ArrayBuffer>;
}

export function logFacts(batch: LogBatch, retention: Retention): LogFacts {
  const rows = batch.length;
  const time = effectiveTimes(batch);
  const minute = minutesOf(time, rows);
  return {
    time,
    minute,
    day: daysOf(minute, batch.receivedSeconds, rows),
    keepDays: keepDaysOf(batch.tenant, rows, (id) => retention(batch.strings.text(id))),
  };
}

export function writeLogsBlock(
  batch: LogBatch,
  ids: ContentIds,
  facts: LogFacts,
  memory: SegmentMemory = new SegmentMemory(),
): Uint8Array<ArrayBuffer> {
  const rows = batch.length;
  const split = splitAttributes(
    batch.attributes,
    batch.attributeOffsets,
    rows,
    batch.strings,
    false,
    memory,
  );
  const bodies = bodyColumns(batch);
  const service = batch.resource.slice(0, rows).map((index) => ids.serviceNames[index] as number);
  const block = new NativeBlock(batch.strings, rows * 384 + 4096, memory.blocks);
  block.begin(19 + ATTRIBUTE_MAP_COLUMNS, rows);
  block.lowCardinality("tenant", batch.tenant, rows);
  block.fixed("day", "Date", facts.day, rows);
  block.fixed("keep_days", "UInt16", facts.keepDays, rows);
  block.fixed("minute", "UInt32", facts.minute, rows);
  block.fixed("time", NANO_TIME, facts.time, rows * 2);
  block.fixed("source_time", NANO_TIME, batch.time, rows * 2);
  block.fixed("observed_time", NANO_TIME, batch.observedTime, rows * 2);
  block.fixed("trace_id", "FixedString(16)", batch.traceIds, rows * 16);
  block.fixed("span_id", "FixedString(8)", batch.spanIds, rows * 8);
  block.fixed("flags", "UInt32", batch.flags, rows);
  block.lowCardinality("service", service, rows);
  block.fixed("severity_number", "UInt8", batch.severityNumber, rows);
  block.lowCardinality("severity_text", batch.severityText, rows);
  block.lowCardinality("event_name", batch.eventName, rows);
  block.fixed("body_type", BODY_TYPE, bodies.types, rows);
  block.strings("body", bodies.texts, rows);
  block.fixed(
    "resource_id",
    "UInt64",
    gatherWords(ids.resourceIds, batch.resource, rows, memory),
    rows * 2,
  );
  block.fixed("scope_id", "UInt64", gatherWords(ids.scopeIds, batch.scope, rows, memory), rows * 2);
  block.fixed("dropped_attributes", "UInt32", batch.droppedAttributes, rows);
  writeAttributeMaps(block, split, rows);
  return block.end();
}

/** Record time, else observed time, else arrival; times past 2262 count as none. */
function effectiveTimes(batch: LogBatch): Words {
  const times = new Uint32Array(batch.length * 2);
  for (let row = 0; row < batch.length; row++) {
    const source = isTime(batch.time, row) ? batch.time : batch.observedTime;
    if (isTime(source, row)) {
      times[row * 2] = source[row * 2] as number;
      times[row * 2 + 1] = source[row * 2 + 1] as number;
    } else {
      const nano = BigInt(batch.receivedSeconds[row] as number) * 1_000_000_000n;
      times[row * 2] = Number(nano & 0xffffffffn);
      times[row * 2 + 1] = Number(nano >> 32n);
    }
  }
  return times;
}

function isTime(words: Words, row: number): boolean {
  const high = words[row * 2 + 1] as number;
  return high < 0x80000000 && (high !== 0 || words[row * 2] !== 0);
}

/** Body text by dictionary id: a string as it is, anything else as typed JSON (codec, value-json). */
function bodyColumns(batch: LogBatch): { types: Uint8Array<ArrayBuffer>; texts: Words } {
  const types = new Uint8Array(batch.length);
  const texts = new Uint32Array(batch.length);
  const { bodies, strings } = batch;
  for (let row = 0; row < batch.length; row++) {
    const type = bodies.types[row];
    if (type === ValueType.Empty) continue;
    types[row] = type === ValueType.String ? 1 : 2;
    if (type === ValueType.String) texts[row] = bodies.slots[row * 2] as number;
    else texts[row] = strings.internText(typedValueText(bodies, row, strings));
  }
  return { types, texts };
}
