// Rows of tables `resources` and `scopes` for what a segment's records refer to. The same content is
// written again only now and then: rows with one id are equal, and the engine keeps one of them.

import {
  AttributeColumns,
  type ByteDictionary,
  type ResourceTable,
  type ScopeTable,
} from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { ATTRIBUTE_MAP_COLUMNS, writeAttributeMaps } from "./attribute-maps.ts";
import { splitAttributes } from "./attribute-split.ts";
import type { ContentIds } from "./content-ids.ts";
import { GroupTable } from "./group-table.ts";
import type { SegmentMemory } from "./segment-memory.ts";

type Words = Uint32Array<ArrayBuffer>;

/** A written row must live as long as the records that name it, so it is renewed this often. */
const RENEW_MS = 10 * 60_000;
const MAX_KNOWN = 200_000;

/** Remembers which (tenant, id, day) were written lately. One instance a collector. */
export class KnownContent {
  readonly #known = new Set<string>();
  #since = 0;

  clear(): void {
    this.#known.clear();
  }

  /** True the first time a key is seen since the last renewal. */
  isNew(key: string, nowMs: number): boolean {
    if (nowMs - this.#since > RENEW_MS || this.#known.size > MAX_KNOWN) {
      this.#known.clear();
      this.#since = nowMs;
    }
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}

/** The columns of a SpanBatch or LogBatch that say what content its records refer to. */
export interface ContentUse {
  readonly length: number;
  readonly strings: ByteDictionary;
  readonly resources: ResourceTable;
  readonly scopes: ScopeTable;
  readonly tenant: Words;
  readonly resource: Words;
  readonly scope: Words;
}

export interface KeptColumns {
  readonly day: Uint16Array<ArrayBuffer>;
  readonly keepDays: Uint16Array<ArrayBuffer>;
}

/** Rows to write: distinct (tenant, index, kept) whose content is not known yet. */
interface NewRows {
  readonly tenant: Words;
  readonly index: Words;
  readonly day: Uint16Array<ArrayBuffer>;
  readonly keepDays: Uint16Array<ArrayBuffer>;
  readonly ids: Words;
}

/** Native block for `resources`, or undefined when nothing is new. */
export function writeResourcesBlock(
  use: ContentUse,
  ids: ContentIds,
  kept: KeptColumns,
  known: KnownContent,
  nowMs: number,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> | undefined {
  const rows = newRows("r", use, use.resource, ids.resourceIds, kept, known, nowMs);
  if (rows.index.length === 0) return undefined;
  const { resources, strings } = use;
  const count = rows.index.length;
  const service = rows.index.map((index) => ids.serviceNames[index] as number);
  const block = beginBlock(strings, rows, memory);
  block.lowCardinality("service", service, count);
  block.strings("schema_url", gather(resources.schemaUrl, rows.index), count);
  block.strings("entity_refs", gather(resources.entityRefs, rows.index), count);
  block.fixed(
    "dropped_attributes",
    "UInt32",
    gather(resources.droppedAttributes, rows.index),
    count,
  );
  writeMaps(block, resources.attributes, resources.attributeOffsets, rows.index, strings);
  return block.end();
}

/** Native block for `scopes`, or undefined when nothing is new. */
export function writeScopesBlock(
  use: ContentUse,
  ids: ContentIds,
  kept: KeptColumns,
  known: KnownContent,
  nowMs: number,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> | undefined {
  const rows = newRows("s", use, use.scope, ids.scopeIds, kept, known, nowMs);
  if (rows.index.length === 0) return undefined;
  const { scopes, strings } = use;
  const count = rows.index.length;
  const block = beginBlock(strings, rows, memory);
  block.lowCardinality("name", gather(scopes.name, rows.index), count);
  block.lowCardinality("version", gather(scopes.version, rows.index), count);
  block.strings("schema_url", gather(scopes.schemaUrl, rows.index), count);
  block.fixed("dropped_attributes", "UInt32", gather(scopes.droppedAttributes, rows.index), count);
  writeMaps(block, scopes.attributes, scopes.attributeOffsets, rows.index, strings);
  return block.end();
}

function beginBlock(strings: ByteDictionary, rows: NewRows, memory: SegmentMemory): NativeBlock {
  const count = rows.index.length;
  const block = new NativeBlock(strings, count * 512 + 4096, memory.blocks);
  block.begin(8 + ATTRIBUTE_MAP_COLUMNS, count);
  block.lowCardinality("tenant", rows.tenant, count);
  block.fixed("id", "UInt64", rows.ids, count * 2);
  block.fixed("day", "Date", rows.day, count);
  block.fixed("keep_days", "UInt16", rows.keepDays, count);
  return block;
}

function newRows(
  prefix: string,
  use: ContentUse,
  indexes: Words,
  ids: Words,
  kept: KeptColumns,
  known: KnownContent,
  nowMs: number,
): NewRows {
  const pairs = distinctUses(use, indexes, kept);
  const fresh: number[] = [];
  for (let pair = 0; pair < pairs.size; pair++) {
    const index = pairs.key(pair, 1);
    const tenant = use.strings.text(pairs.key(pair, 0));
    const key = `${prefix}${tenant}:${ids[index * 2]}:${ids[index * 2 + 1]}:${pairs.key(pair, 2)}`;
    if (known.isNew(key, nowMs)) fresh.push(pair);
  }
  const index = Uint32Array.from(fresh, (pair) => pairs.key(pair, 1));
  return {
    index,
    tenant: Uint32Array.from(fresh, (pair) => pairs.key(pair, 0)),
    day: Uint16Array.from(fresh, (pair) => pairs.key(pair, 2) >>> 16),
    keepDays: Uint16Array.from(fresh, (pair) => pairs.key(pair, 2) & 65535),
    ids: Uint32Array.from({ length: fresh.length * 2 }, (_, word) => {
      return ids[(index[word >> 1] as number) * 2 + (word & 1)] as number;
    }),
  };
}

/** Distinct (tenant, index, kept) of the records. */
function distinctUses(use: ContentUse, indexes: Words, kept: KeptColumns): GroupTable {
  const pairs = new GroupTable(3);
  const { probe } = pairs;
  for (let row = 0; row < use.length; row++) {
    const tenant = use.tenant[row] as number;
    const index = indexes[row] as number;
    const keptWord = (((kept.day[row] as number) << 16) | (kept.keepDays[row] as number)) >>> 0;
    // The records of a request come one after another.
    if (row > 0 && probe[1] === index && probe[0] === tenant && probe[2] === keptWord) continue;
    probe[0] = tenant;
    probe[1] = index;
    probe[2] = keptWord;
    pairs.group();
  }
  return pairs;
}

function gather(values: Words, index: Words): Words {
  return index.map((at) => values[at] as number);
}

function writeMaps(
  block: NativeBlock,
  attributes: AttributeColumns,
  offsets: Words,
  index: Words,
  strings: ByteDictionary,
): void {
  const chosen = new AttributeColumns();
  const chosenOffsets = new Uint32Array(index.length + 1);
  for (let row = 0; row < index.length; row++) {
    const from = offsets[index[row] as number] as number;
    const to = offsets[(index[row] as number) + 1] as number;
    for (let at = from; at < to; at++) {
      const type = attributes.types[at] as Parameters<AttributeColumns["push"]>[1];
      chosen.push(
        attributes.keys[at] as number,
        type,
        attributes.slots[at * 2] as number,
        attributes.slots[at * 2 + 1] as number,
      );
    }
    chosenOffsets[row + 1] = chosen.length;
  }
  const split = splitAttributes(chosen, chosenOffsets, index.length, strings, false);
  writeAttributeMaps(block, split, index.length);
}
