// Which attribute keys there are and their common values, for autocompletion. Large segments are
// sampled and the counts scaled, so counts are estimates; small ones are read whole, so the first span of
// a newcomer shows up at once. A key keeps at most so many distinct values an hour, so ids and other
// unbounded values cannot fill the disk.

import { type AttributeColumns, ByteDictionary, type SpanBatch, ValueType } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
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
/** Under load the catalogue is written this often; a quiet collector writes it with every segment. */
const WRITE_EVERY_MS = 5_000;
const QUIET_ROWS = 2_000;

const SCOPE_TYPE = "Enum8('span' = 1, 'resource' = 2)";
const VALUE_TYPE = "Enum8('string' = 1, 'int' = 2, 'double' = 3, 'bool' = 4, 'other' = 5)";
const SPAN = 1;
const RESOURCE = 2;
/** ValueType -> number in VALUE_TYPE. */
const TYPE_NUMBERS = [5, 1, 2, 3, 4, 5, 5, 5];

interface Count {
  readonly tenant: string;
  readonly scope: number;
  readonly type: number;
  readonly key: string;
  readonly value: string;
  readonly kept: number;
  count: number;
}

/** Collects keys and values over segments. One instance a collector. */
export class AttributeCatalogue {
  #keys = new Map<string, Count>();
  #values = new Map<string, Count>();
  /** Distinct values seen this hour by key; absent keys have none. */
  readonly #distinct = new Map<string, Set<string>>();
  #distinctValues = 0;
  #hour = 0;
  #writtenMs = 0;
  #turn = 0;

  /** Counts the attributes of a batch (a sample of a large one). */
  collect(batch: SpanBatch, facts: SpanFacts, nowMs: number): void {
    this.#startHour(nowMs);
    const stride = Math.max(1, Math.ceil(batch.length / SAMPLED_ROWS));
    const groups = new GroupTable(6);
    const weights: number[] = [];
    const resources = new GroupTable(3);
    const resourceWeights: number[] = [];
    for (let row = this.#turn++ % stride; row < batch.length; row += stride) {
      const tenant = batch.tenant[row] as number;
      const kept = ((facts.day[row] as number) << 16) | (facts.keepDays[row] as number);
      count(
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
      resources.probe[0] = tenant;
      resources.probe[1] = batch.resource[row] as number;
      resources.probe[2] = kept;
      const resource = resources.group();
      resourceWeights[resource] = (resourceWeights[resource] ?? 0) + stride;
    }
    for (let i = 0; i < resources.size; i++) {
      const { attributes, attributeOffsets } = batch.resources;
      const weight = resourceWeights[i] as number;
      const [tenant, row, kept] = [resources.key(i, 0), resources.key(i, 1), resources.key(i, 2)];
      count(attributes, attributeOffsets, row, tenant, RESOURCE, kept, weight, groups, weights);
    }
    for (let group = 0; group < groups.size; group++) {
      this.#remember(batch, groups, group, weights[group] as number);
    }
  }

  /** True when the next segment should carry the catalogue. */
  isDue(rows: number, nowMs: number): boolean {
    return this.#keys.size > 0 && (rows < QUIET_ROWS || nowMs - this.#writtenMs >= WRITE_EVERY_MS);
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
    const blocks = {
      keys: writeBlock([...this.#keys.values()], false, memory),
      values: writeBlock([...this.#values.values()], true, memory),
    };
    this.#keys = new Map();
    this.#values = new Map();
    this.#writtenMs = nowMs;
    return blocks;
  }

  #startHour(nowMs: number): void {
    const hour = Math.floor(nowMs / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#distinct.clear();
    this.#distinctValues = 0;
  }

  #remember(batch: SpanBatch, groups: GroupTable, group: number, weight: number): void {
    const { strings } = batch;
    const scope = groups.key(group, 1) >>> 8;
    const type = groups.key(group, 1) & 255;
    const kept = groups.key(group, 5);
    const tenant = strings.text(groups.key(group, 0));
    const key = strings.text(groups.key(group, 2));
    const number = TYPE_NUMBERS[type] as number;
    const prefix = `${tenant}\0${scope}\0${number}\0${key}`;
    const distinct = this.#distinctOf(prefix);
    if (distinct === undefined) return;
    const common = { tenant, scope, type: number, key, kept };
    add(this.#keys, `${prefix}\0${kept}`, { ...common, value: "", count: weight });
    const value = valueText(strings, type, groups.key(group, 3), groups.key(group, 4));
    if (value === undefined) return;
    if (!distinct.has(value)) {
      if (distinct.size >= VALUES_PER_KEY_AND_HOUR || this.#distinctValues >= VALUES_PER_HOUR)
        return;
      distinct.add(value);
      this.#distinctValues++;
    }
    add(this.#values, `${prefix}\0${kept}\0${value}`, { ...common, value, count: weight });
  }

  #distinctOf(prefix: string): Set<string> | undefined {
    const known = this.#distinct.get(prefix);
    if (known !== undefined) return known;
    if (this.#distinct.size >= KEYS_PER_HOUR) return undefined;
    const fresh = new Set<string>();
    this.#distinct.set(prefix, fresh);
    return fresh;
  }
}

function add(counts: Map<string, Count>, id: string, count: Count): void {
  const known = counts.get(id);
  if (known === undefined) counts.set(id, count);
  else known.count += count.count;
}

/** Adds the attribute rows of record `row`; key words: tenant, scope << 8 | type, key, low, high, kept. */
function count(
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

function writeBlock(
  counts: readonly Count[],
  withValues: boolean,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> {
  const rows = counts.length;
  const strings = new ByteDictionary();
  const ids = (text: (count: Count) => string): Words =>
    Uint32Array.from(counts, (c) => strings.internText(text(c)));
  const tenants = ids((c) => c.tenant);
  const keys = ids((c) => c.key);
  const values = ids((c) => c.value);
  const block = new NativeBlock(strings, rows * 64 + 4096, memory.blocks);
  block.begin(withValues ? 8 : 7, rows);
  block.lowCardinality("tenant", tenants, rows);
  block.fixed(
    "scope",
    SCOPE_TYPE,
    Uint8Array.from(counts, (c) => c.scope),
    rows,
  );
  block.lowCardinality("key", keys, rows);
  block.fixed(
    "type",
    VALUE_TYPE,
    Uint8Array.from(counts, (c) => c.type),
    rows,
  );
  if (withValues) block.strings("value", values, rows);
  block.fixed(
    "day",
    "Date",
    Uint16Array.from(counts, (c) => c.kept >>> 16),
    rows,
  );
  block.fixed(
    "keep_days",
    "UInt16",
    Uint16Array.from(counts, (c) => c.kept & 65535),
    rows,
  );
  block.wholeNumbers(
    "count",
    "UInt64",
    Float64Array.from(counts, (c) => c.count),
    rows,
  );
  return block.end();
}
