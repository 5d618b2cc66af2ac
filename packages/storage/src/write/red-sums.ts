// Rate, errors and duration by minute and by hour, of operations and of whole services, aggregated before
// the engine sees them: segments of 75,000 spans become a few hundred rows, and the engine's materialised
// views are not needed (they would cost a fifth of the insert).

import { grown } from "@clew/base";
import type { ByteDictionary, SpanBatch } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { KIND_TYPE, STATUS_TYPE, STEP_TYPE } from "../schema/column-types.ts";
import { GroupTable } from "./group-table.ts";
import { Histograms, histogramBucket } from "./histograms.ts";
import type { NameTranslation } from "./name-translation.ts";
import type { SegmentMemory } from "./segment-memory.ts";
import type { SpanFacts } from "./span-facts.ts";

/**
 * Rows of a table. Beyond it names that have no group yet are summed under OTHER_NAME, so
 * that a sender that puts ids into span names cannot make the rollups as large as the spans; counts per
 * service stay exact.
 */
const MAX_GROUPS = 20_000;
/** Operation under which the spans of too many names are counted; also the target of too many peers. */
export const OTHER_NAME = "(other)";

// Words of a group's key.
const TENANT = 0;
const SERVICE = 1;
const NAME = 2;
const KIND_STATUS = 3;
const TIME = 4;
const KEPT = 5;

const STEP_MINUTE = 1;
const STEP_HOUR = 2;
const COMMON_COLUMNS = 11;

// Senders' broken clocks can give more than an Int64 holds.
const MAX_DURATION = 2 ** 62;

/** The sums of all groups; `keys` holds tenant, service, name, kind << 8 | status, minute or hour, day << 16 | keepDays. */
class RedGroups {
  readonly keys = new GroupTable(6);
  readonly histograms = new Histograms();
  spans = new Float64Array(1024);
  weight = new Float64Array(1024);
  durationSum = new Float64Array(1024);
  durationMax = new Float64Array(1024);

  readonly #otherName: number;

  /** `otherName`: dictionary id of OTHER_NAME. */
  constructor(otherName: number) {
    this.#otherName = otherName;
  }

  /** Group of the tuple in `keys.probe`, with its sums ready. */
  group(): number {
    if (this.keys.size >= MAX_GROUPS && !this.keys.has()) this.keys.probe[NAME] = this.#otherName;
    const group = this.keys.group();
    if (group >= this.spans.length) {
      this.spans = grown(this.spans, group + 1);
      this.weight = grown(this.weight, group + 1);
      this.durationSum = grown(this.durationSum, group + 1);
      this.durationMax = grown(this.durationMax, group + 1);
    }
    return group;
  }

  add(group: number, spans: number, weight: number, sum: number, max: number): void {
    this.spans[group] = (this.spans[group] as number) + spans;
    this.weight[group] = (this.weight[group] as number) + weight;
    this.durationSum[group] = (this.durationSum[group] as number) + sum;
    if (max > (this.durationMax[group] as number)) this.durationMax[group] = max;
  }
}

/** Native blocks for `red_1m`, `red_1h` and `service_red`. */
export interface RedBlocks {
  readonly minutes: Uint8Array<ArrayBuffer>;
  readonly hours: Uint8Array<ArrayBuffer>;
  readonly services: Uint8Array<ArrayBuffer>;
}

/** The sums of segments, by minute; names are ids in the dictionary that it is made with. */
export class RedSums {
  readonly #strings: ByteDictionary;
  readonly #otherName: number;
  readonly #minutes: RedGroups;

  constructor(strings: ByteDictionary) {
    this.#strings = strings;
    this.#otherName = strings.internText(OTHER_NAME);
    this.#minutes = new RedGroups(this.#otherName);
  }

  /** Adds the spans of a batch; `names` leads from the batch's dictionary to this one. */
  add(batch: SpanBatch, facts: SpanFacts, names: NameTranslation): void {
    const groups = this.#minutes;
    const { probe } = groups.keys;
    for (let row = 0; row < batch.length; row++) {
      probe[TENANT] = names.id(batch.tenant[row] as number);
      probe[SERVICE] = names.id(facts.service[row] as number);
      probe[NAME] = names.id(batch.name[row] as number);
      probe[KIND_STATUS] = ((batch.kind[row] as number) << 8) | (batch.status[row] as number);
      probe[TIME] = facts.minute[row] as number;
      probe[KEPT] = ((facts.day[row] as number) << 16) | (facts.keepDays[row] as number);
      const group = groups.group();
      const duration = Math.min(Math.max(0, batch.durationNano(row)), MAX_DURATION);
      const weight = batch.adjustedCount[row] as number;
      groups.add(group, 1, weight, duration * weight, duration);
      groups.histograms.add(group, histogramBucket(duration), weight);
    }
  }

  /** Native blocks of all that was added, or undefined when nothing was. */
  write(memory: SegmentMemory): RedBlocks | undefined {
    const minutes = this.#minutes;
    if (minutes.keys.size === 0) return undefined;
    const hours = new RedGroups(this.#otherName);
    addGroups(minutes, hours, (key) => {
      key[TIME] = Math.floor((key[TIME] as number) / 60);
    });
    // Service rows have no name: that word of their key holds the step, and times are minutes for both.
    const services = new RedGroups(STEP_MINUTE);
    addGroups(minutes, services, (key) => {
      key[NAME] = STEP_MINUTE;
    });
    addGroups(hours, services, (key) => {
      key[NAME] = STEP_HOUR;
      key[TIME] = (key[TIME] as number) * 60;
    });
    return {
      minutes: writeOperations(this.#strings, minutes, "minute", 60, memory),
      hours: writeOperations(this.#strings, hours, "hour", 3600, memory),
      services: writeServices(this.#strings, services, memory),
    };
  }
}

/** Adds every group of `from` to `into` under the key that `rename` makes of its own. */
function addGroups(from: RedGroups, into: RedGroups, rename: (key: Uint32Array) => void): void {
  const { probe } = into.keys;
  const groupOf = new Uint32Array(from.keys.size);
  for (let group = 0; group < from.keys.size; group++) {
    for (let word = 0; word < 6; word++) probe[word] = from.keys.key(group, word);
    rename(probe);
    const target = into.group();
    groupOf[group] = target;
    into.add(
      target,
      from.spans[group] as number,
      from.weight[group] as number,
      from.durationSum[group] as number,
      from.durationMax[group] as number,
    );
  }
  from.histograms.addTo(into.histograms, groupOf);
}

function writeOperations(
  strings: ByteDictionary,
  groups: RedGroups,
  timeColumn: "minute" | "hour",
  secondsPerStep: number,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> {
  const { keys } = groups;
  const block = new NativeBlock(strings, keys.size * 256 + 4096, memory.blocks);
  block.begin(2 + COMMON_COLUMNS, keys.size);
  block.lowCardinality("name", keys.column(NAME), keys.size);
  block.seconds(timeColumn, keys.column(TIME), secondsPerStep, keys.size);
  writeCommon(block, groups);
  return block.end();
}

function writeServices(
  strings: ByteDictionary,
  groups: RedGroups,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> {
  const { keys } = groups;
  const block = new NativeBlock(strings, keys.size * 256 + 4096, memory.blocks);
  block.begin(2 + COMMON_COLUMNS, keys.size);
  block.fixed("step", STEP_TYPE, Uint8Array.from(keys.column(NAME)), keys.size);
  block.seconds("time", keys.column(TIME), 60, keys.size);
  writeCommon(block, groups);
  return block.end();
}

/** The columns that all RED tables have. */
function writeCommon(block: NativeBlock, groups: RedGroups): void {
  const { keys } = groups;
  const rows = keys.size;
  const kindStatus = keys.column(KIND_STATUS);
  const kinds = Uint8Array.from(kindStatus, (value) => value >> 8);
  const statuses = Uint8Array.from(kindStatus, (value) => value & 255);
  block.lowCardinality("tenant", keys.column(TENANT), rows);
  block.lowCardinality("service", keys.column(SERVICE), rows);
  block.fixed("kind", KIND_TYPE, kinds, rows);
  block.fixed("status", STATUS_TYPE, statuses, rows);
  block.fixed("day", "Date", keys.halves(KEPT, 16), rows);
  block.fixed("keep_days", "UInt16", keys.halves(KEPT, 0), rows);
  block.wholeNumbers("spans", "UInt64", groups.spans, rows);
  block.fixed("weight", "Float64", groups.weight, rows);
  block.fixed("duration_sum", "Float64", groups.durationSum, rows);
  block.wholeNumbers("duration_max", "Int64", groups.durationMax, rows);
  block.histogram("hist", groups.histograms.column(rows), rows);
}
