// Rows of table `attribute_places` for a segment: in which map of table `spans`, or in whose events or links,
// attributes of each key lie. Every attribute counts, none is sampled: queries leave out what is not listed.

import type { SpanBatch } from "@clew/model";
import { NativeBlock } from "../native/native-block.ts";
import { PLACE_TYPE, PLACES } from "../schema/column-types.ts";
import type { MapColumns, SplitAttributes } from "./attribute-split.ts";
import type { KnownContent } from "./content-blocks.ts";
import type { SegmentMemory } from "./segment-memory.ts";
import type { SpanFacts } from "./span-facts.ts";

type Words = Uint32Array<ArrayBuffer>;

const MAPS = ["str", "int", "dbl", "bool", "other"] as const;

interface Row {
  readonly tenant: number;
  readonly kept: number;
  readonly key: number;
  /** Bit `i` stands for `PLACES[i]`. */
  readonly places: number;
}

/** Native block for `attribute_places`, or undefined when nothing is new. */
export function writeAttributePlacesBlock(
  batch: SpanBatch,
  facts: SpanFacts,
  split: SplitAttributes,
  known: KnownContent,
  nowMs: number,
  memory: SegmentMemory,
): Uint8Array<ArrayBuffer> | undefined {
  const { strings } = batch;
  const fresh: { readonly row: Row; readonly place: number }[] = [];
  for (const row of seenPlaces(batch, facts, split)) {
    for (const place of PLACES.keys()) {
      if ((row.places & (1 << place)) === 0) continue;
      const names = `${place}:${row.kept}:${strings.text(row.tenant)}\0${strings.text(row.key)}`;
      if (known.isNew(names, nowMs)) fresh.push({ row, place });
    }
  }
  const rows = fresh.length;
  if (rows === 0) return undefined;
  const block = new NativeBlock(strings, rows * 64 + 4096, memory.blocks);
  const words = (value: (row: Row) => number): Words =>
    Uint32Array.from(fresh, ({ row }) => value(row));
  const days = Uint16Array.from(fresh, ({ row }) => row.kept >>> 16);
  const keepDays = Uint16Array.from(fresh, ({ row }) => row.kept & 65535);
  const places = Uint8Array.from(fresh, ({ place }) => place + 1);
  block.begin(5, rows);
  block.lowCardinality(
    "tenant",
    words((row) => row.tenant),
    rows,
  );
  block.strings(
    "key",
    words((row) => row.key),
    rows,
  );
  block.fixed("place", PLACE_TYPE, places, rows);
  block.fixed("day", "Date", days, rows);
  block.fixed("keep_days", "UInt16", keepDays, rows);
  return block.end();
}

function seenPlaces(batch: SpanBatch, facts: SpanFacts, split: SplitAttributes): Row[] {
  const seen = new Map<string, { tenant: number; kept: number; places: Uint8Array }>();
  const columns = [
    ...MAPS.map((map) => entriesOf(split[map])),
    nested(batch.eventOffsets, batch.eventAttributeOffsets, batch.eventAttributes.keys),
    nested(batch.linkOffsets, batch.linkAttributeOffsets, batch.linkAttributes.keys),
  ];
  // Spans of one tenant and day come in runs.
  for (let from = 0; from < batch.length; ) {
    const tenant = batch.tenant[from] as number;
    const kept = keptOf(facts, from);
    let to = from + 1;
    while (to < batch.length && batch.tenant[to] === tenant && keptOf(facts, to) === kept) to++;
    const key = `${tenant}:${kept}`;
    let group = seen.get(key);
    if (group === undefined) {
      group = { tenant, kept, places: new Uint8Array(batch.strings.size) };
      seen.set(key, group);
    }
    for (const [place, column] of columns.entries())
      mark(group.places, column, from, to, 1 << place);
    from = to;
  }
  return [...seen.values()].flatMap(({ tenant, kept, places }) => {
    const rows: Row[] = [];
    for (let key = 0; key < places.length; key++)
      if (places[key] !== 0) rows.push({ tenant, kept, key, places: places[key] as number });
    return rows;
  });
}

function keptOf({ day, keepDays }: SpanFacts, row: number): number {
  return (((day[row] as number) << 16) | (keepDays[row] as number)) >>> 0;
}

/** Keys by span: those of span `i` are `keys[first(i)] .. keys[first(i + 1)]`. */
interface KeyColumn {
  readonly keys: Words;
  readonly first: (row: number) => number;
}

function entriesOf({ offsets, keys }: MapColumns): KeyColumn {
  return { keys, first: (row) => offsets[row] as number };
}

function nested(outer: Words, inner: Words, keys: Words): KeyColumn {
  return { keys, first: (row) => inner[outer[row] as number] as number };
}

function mark(
  places: Uint8Array,
  { keys, first }: KeyColumn,
  from: number,
  to: number,
  bit: number,
): void {
  const end = first(to);
  for (let at = first(from); at < end; at++) {
    const key = keys[at] as number;
    places[key] = (places[key] as number) | bit;
  }
}
