// Which attribute keys there are and their common values, for autocompletion. Large segments are
// sampled and the counts scaled, so counts are estimates; small ones are read whole, so the first span of
// a newcomer shows up at once. A key keeps at most so many distinct values an hour, so ids and other
// unbounded values cannot fill the disk.

import { type AttributeColumns, ByteDictionary, type SpanBatch, ValueType } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { SCOPE_TYPE, VALUE_TYPE } from "../schema/column-types.ts";
import { GroupTable } from "../write/group-table.ts";
import { SegmentMemory } from "../write/segment-memory.ts";
import type { SpanFacts } from "../write/span-facts.ts";

type Words = Uint32Array<ArrayBuffer>;

const SAMPLED_ROWS = 1024;
const VALUES_PER_KEY_AND_HOUR = 1000;
const KEYS_PER_HOUR = 10_000;
/** Of all keys together: what is remembered of an hour stays below a hundred megabytes or so. */
const VALUES_PER_HOUR = 250_000;
const MAX_VALUE_BYTES = 200;
const HOUR_MS = 3_600_000;
/** Keys and values that are new this hour are written soon, for whoever just added them; mere counts seldom. */
const WRITE_NEWS_EVERY_MS = 5_000;
const WRITE_COUNTS_EVERY_MS = 60_000;

const SPAN = 1;
const RESOURCE = 2;
/** ValueType -> number in VALUE_TYPE. */
const TYPE_NUMBERS = [5, 1, 2, 3, 4, 5, 5, 5];

interface KeyCount {
  readonly tenant: string;
  readonly scope: number;
  readonly type: number;
  readonly key: string;
  readonly kept: number;
  count: number;
  /** Values of the key seen this hour, in any kept day. */
  distinct: Set<string>;
  /** Counts by value since the last write. */
  readonly values: Map<string, number>;
}

/** Rows of a catalogue table: `keys[i]` with the value and count at `i`. */
interface CatalogueRows {
  readonly keys: readonly KeyCount[];
  readonly values: readonly string[] | undefined;
  readonly counts: readonly number[];
}

/** Collects keys and values over segments. One instance a collector. */
export class AttributeCatalogue {
  /** By key and kept day. */
  #keys = new Map<string, KeyCount>();
  /** Distinct values seen this hour by key; absent keys have none. */
  readonly #distinct = new Map<string, Set<string>>();
  #distinctValues = 0;
  #hour = 0;
  #writtenMs = 0;
  /** Something was seen for the first time this hour since the last write. */
  #hasNews = false;
  #turn = 0;

  /** Counts the attributes of a batch (a sample of a large one). */
  collect(batch: SpanBatch, facts: SpanFacts, nowMs: number): void {
    this.#startHour(nowMs);
    const stride = Math.max(1, Math.ceil(batch.length / SAMPLED_ROWS));
    const groups = new GroupTable(6);
    const weights: number[] = [];
    const resources = new Resources(batch, facts);
    for (let row = this.#turn++ % stride; row < batch.length; row += stride) {
      const tenant = batch.tenant[row] as number;
      const kept = keptOf(facts, row);
      countRows(
        batch.attributes,
        batch.attributeOffsets,
        row,
        tenant,
        SPAN,
        kept,
        stride,
        groups,
        weights,
      );
      resources.count(row, stride);
    }
    resources.countUnseen();
    resources.addTo(groups, weights);
    this.#remember(batch, groups, weights);
  }

  /** True when it should be written. What is collected and not yet written does not survive a crash. */
  isDue(nowMs: number): boolean {
    const everyMs = this.#hasNews ? WRITE_NEWS_EVERY_MS : WRITE_COUNTS_EVERY_MS;
    return this.#keys.size > 0 && nowMs - this.#writtenMs >= everyMs;
  }

  /**
   * Native blocks for `attribute_keys` and `attribute_values`, or undefined when nothing was collected;
   * what they hold is forgotten here.
   */
  write(
    nowMs: number,
    memory: SegmentMemory = new SegmentMemory(),
  ): { keys: Uint8Array<ArrayBuffer>; values: Uint8Array<ArrayBuffer> } | undefined {
    if (this.#keys.size === 0) return undefined;
    const keys = [...this.#keys.values()];
    const blocks = {
      keys: writeBlock({ keys, values: undefined, counts: keys.map((key) => key.count) }, memory),
      values: writeBlock(valueRows(keys), memory),
    };
    this.#keys = new Map();
    this.#writtenMs = nowMs;
    this.#hasNews = false;
    return blocks;
  }

  #startHour(nowMs: number): void {
    const hour = Math.floor(nowMs / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#distinct.clear();
    this.#distinctValues = 0;
  }

  #remember(batch: SpanBatch, groups: GroupTable, weights: readonly number[]): void {
    // Text is made of a key once a batch, and of nothing else but the values themselves.
    const keys = new GroupTable(4);
    const counts: (KeyCount | undefined)[] = [];
    for (let group = 0; group < groups.size; group++) {
      keys.probe[0] = groups.key(group, 0);
      keys.probe[1] = groups.key(group, 1);
      keys.probe[2] = groups.key(group, 2);
      keys.probe[3] = groups.key(group, 5);
      const known = keys.size;
      const key = keys.group();
      if (key === known) counts.push(this.#countOf(batch.strings, keys, key));
      const count = counts[key];
      if (count === undefined) continue;
      const weight = weights[group] as number;
      count.count += weight;
      const type = groups.key(group, 1) & 255;
      const value = valueText(batch.strings, type, groups.key(group, 3), groups.key(group, 4));
      if (value !== undefined) this.#addValue(count, value, weight);
    }
  }

  /** The count that a key of this batch adds to; undefined when there are too many keys. */
  #countOf(strings: ByteDictionary, keys: GroupTable, index: number): KeyCount | undefined {
    const tenant = strings.text(keys.key(index, 0));
    const scope = keys.key(index, 1) >>> 8;
    const type = TYPE_NUMBERS[keys.key(index, 1) & 255] as number;
    const key = strings.text(keys.key(index, 2));
    const kept = keys.key(index, 3);
    const prefix = `${tenant}\0${scope}\0${type}\0${key}`;
    const distinct = this.#distinctOf(prefix);
    if (distinct === undefined) return undefined;
    const id = `${prefix}\0${kept}`;
    let count = this.#keys.get(id);
    if (count === undefined) {
      count = { tenant, scope, type, key, kept, count: 0, distinct, values: new Map() };
      this.#keys.set(id, count);
    }
    count.distinct = distinct; // another one since the hour began
    return count;
  }

  #addValue({ distinct, values }: KeyCount, value: string, weight: number): void {
    const known = values.get(value);
    if (known === undefined && !distinct.has(value)) {
      if (distinct.size >= VALUES_PER_KEY_AND_HOUR || this.#distinctValues >= VALUES_PER_HOUR)
        return;
      distinct.add(value);
      this.#distinctValues++;
      this.#hasNews = true;
    }
    values.set(value, (known ?? 0) + weight);
  }

  #distinctOf(prefix: string): Set<string> | undefined {
    const known = this.#distinct.get(prefix);
    if (known !== undefined) return known;
    if (this.#distinct.size >= KEYS_PER_HOUR) return undefined;
    const fresh = new Set<string>();
    this.#distinct.set(prefix, fresh);
    this.#hasNews = true;
    return fresh;
  }
}

/** Day and days to keep of a span, in one word. */
function keptOf(facts: SpanFacts, row: number): number {
  return ((facts.day[row] as number) << 16) | (facts.keepDays[row] as number);
}

/** The resources of a batch with how many spans each has. */
class Resources {
  readonly #batch: SpanBatch;
  readonly #facts: SpanFacts;
  /** Tenant, resource, kept. */
  readonly #groups = new GroupTable(3);
  readonly #weights: number[] = [];

  constructor(batch: SpanBatch, facts: SpanFacts) {
    this.#batch = batch;
    this.#facts = facts;
  }

  count(row: number, weight: number): void {
    const group = this.#groupOf(row);
    this.#weights[group] = (this.#weights[group] ?? 0) + weight;
  }

  /** A quiet service beside busy ones may have no span in the sample: it counts as one. */
  countUnseen(): void {
    const { resource, tenant, length } = this.#batch;
    for (let row = 0; row < length; row++) {
      // Spans of a resource come together.
      if (row > 0 && resource[row] === resource[row - 1] && tenant[row] === tenant[row - 1])
        continue;
      const group = this.#groupOf(row);
      this.#weights[group] ??= 1;
    }
  }

  addTo(groups: GroupTable, weights: number[]): void {
    const { attributes, attributeOffsets } = this.#batch.resources;
    for (const [i, weight] of this.#weights.entries()) {
      const keyOf = (word: number): number => this.#groups.key(i, word);
      const [tenant, row, kept] = [keyOf(0), keyOf(1), keyOf(2)];
      countRows(attributes, attributeOffsets, row, tenant, RESOURCE, kept, weight, groups, weights);
    }
  }

  #groupOf(row: number): number {
    const { probe } = this.#groups;
    probe[0] = this.#batch.tenant[row] as number;
    probe[1] = this.#batch.resource[row] as number;
    probe[2] = keptOf(this.#facts, row);
    return this.#groups.group();
  }
}

/** Adds the attribute rows of record `row`; key words: tenant, scope << 8 | type, key, low, high, kept. */
function countRows(
  attributes: AttributeColumns,
  offsets: Words,
  row: number,
  tenant: number,
  scope: number,
  kept: number,
  weight: number,
  groups: GroupTable,
  weights: number[],
): void {
  const { probe } = groups;
  const end = offsets[row + 1] as number;
  for (let at = offsets[row] as number; at < end; at++) {
    const type = attributes.types[at] as number;
    const hasValue = type === ValueType.String || type === ValueType.Int || type === ValueType.Bool;
    probe[0] = tenant;
    probe[1] = (scope << 8) | type;
    probe[2] = attributes.keys[at] as number;
    probe[3] = hasValue ? (attributes.slots[at * 2] as number) : 0;
    probe[4] = hasValue ? (attributes.slots[at * 2 + 1] as number) : 0;
    probe[5] = kept;
    const group = groups.group();
    weights[group] = (weights[group] ?? 0) + weight;
  }
}

/** Text of a value worth suggesting; undefined for doubles, nested and very long values. */
function valueText(
  strings: ByteDictionary,
  type: number,
  low: number,
  high: number,
): string | undefined {
  switch (type) {
    case ValueType.String:
      return strings.byteLength(low) <= MAX_VALUE_BYTES ? strings.text(low) : undefined;
    case ValueType.Int:
      return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
    case ValueType.Bool:
      return low === 1 ? "true" : "false";
    default:
      return undefined;
  }
}

function valueRows(counts: readonly KeyCount[]): CatalogueRows {
  const keys = counts.flatMap((key) => Array.from(key.values, () => key));
  return {
    keys,
    values: counts.flatMap((key) => [...key.values.keys()]),
    counts: counts.flatMap((key) => [...key.values.values()]),
  };
}

function writeBlock(
  { keys, values, counts }: CatalogueRows,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> {
  const rows = keys.length;
  const strings = new ByteDictionary();
  const ids = <T>(items: readonly T[], text: (item: T) => string): Words =>
    Uint32Array.from(items, (item) => strings.internText(text(item)));
  const tenantIds = ids(keys, (key) => key.tenant);
  const keyIds = ids(keys, (key) => key.key);
  const valueIds = values && ids(values, (value) => value);
  const scopes = Uint8Array.from(keys, (key) => key.scope);
  const types = Uint8Array.from(keys, (key) => key.type);
  const days = Uint16Array.from(keys, (key) => key.kept >>> 16);
  const keepDays = Uint16Array.from(keys, (key) => key.kept & 65535);
  const block = new NativeBlock(strings, rows * 64 + 4096, memory.blocks);
  block.begin(valueIds === undefined ? 7 : 8, rows);
  block.lowCardinality("tenant", tenantIds, rows);
  block.fixed("scope", SCOPE_TYPE, scopes, rows);
  block.lowCardinality("key", keyIds, rows);
  block.fixed("type", VALUE_TYPE, types, rows);
  if (valueIds !== undefined) block.strings("value", valueIds, rows);
  block.fixed("day", "Date", days, rows);
  block.fixed("keep_days", "UInt16", keepDays, rows);
  block.wholeNumbers("count", "UInt64", Float64Array.from(counts), rows);
  return block.end();
}
