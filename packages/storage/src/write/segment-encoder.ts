// One sealed segment -> a Native block for every table that gets it at once; its rollups are added to those
// of a group of segments, which become blocks together. The state that outlives a group (waiting halves of
// calls, the attribute catalogue, content already written) lives here.

import type { LogBatch, SpanBatch } from "@clew/model";
import { AttributeCatalogue } from "../catalogue/attribute-catalogue.ts";
import { EdgePairing, type EdgePairingOptions } from "../edges/edge-pairing.ts";
import type { TableName } from "../schema/tables.ts";
import { writeAttributePlacesBlock } from "./attribute-places-block.ts";
import { splitAttributes } from "./attribute-split.ts";
import {
  type ContentUse,
  type KeptColumns,
  KnownContent,
  writeResourcesBlock,
  writeScopesBlock,
} from "./content-blocks.ts";
import { type ContentIds, contentIds } from "./content-ids.ts";
import { logFacts, writeLogsBlock } from "./logs-block.ts";
import { NameTranslation } from "./name-translation.ts";
import type { RollupGroup } from "./rollup-group.ts";
import { SegmentMemory } from "./segment-memory.ts";
import { type Retention, spanFacts } from "./span-facts.ts";
import { writeSpansBlock } from "./spans-block.ts";
import { writeTraceIndexBlock } from "./trace-index-block.ts";

type Source = "spans" | "logs";

/** A Native block for one table. */
export interface TableBlock {
  readonly table: TableName;
  /** What of the segment it holds: with the segment's id and the table it makes the deduplication token. */
  readonly source: Source;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SegmentEncoderOptions {
  readonly retention: Retention;
  readonly edges?: EdgePairingOptions;
}

/** Encodes segments in order of sealing. One instance a collector. */
export class SegmentEncoder {
  readonly #retention: Retention;
  readonly #edges: EdgePairing;
  readonly #catalogue = new AttributeCatalogue();
  readonly #known = new KnownContent();
  readonly #knownPlaces = new KnownContent();
  readonly #memory = new SegmentMemory();

  constructor({ retention, edges }: SegmentEncoderOptions) {
    this.#retention = retention;
    this.#edges = new EdgePairing(edges);
  }

  /**
   * Blocks in the order in which they must be inserted: what others refer to comes first, and the trace
   * index after the spans, so that a trace that is found is there. `rollups` takes the rest; undefined when
   * it has this segment already.
   */
  encode(
    spans: SpanBatch,
    logs: LogBatch,
    nowMs: number,
    rollups: RollupGroup | undefined,
  ): TableBlock[] {
    this.#memory.begin();
    const blocks: TableBlock[] = [];
    if (spans.length > 0) this.#encodeSpans(spans, nowMs, rollups, blocks);
    if (logs.length > 0) this.#encodeLogs(logs, nowMs, blocks);
    return blocks;
  }

  /**
   * Gives the memory of a segment's written blocks to the next one: their bytes must not be read again.
   * Blocks that are never released stay valid and are left to the garbage collector.
   */
  release(blocks: readonly TableBlock[]): void {
    this.#memory.release(blocks.map((block) => block.bytes));
  }

  /** To be called when encoded blocks are lost: the next ones say again what resources and scopes are. */
  forgetContent(): void {
    this.#known.clear();
    this.#knownPlaces.clear();
  }

  /**
   * Blocks of a group's rollups, with what has become due meanwhile: calls whose other half will not come,
   * and the catalogue. `isLast`: the collector stops, so everything that waits is due. May be called again
   * for the same group when its blocks are lost.
   */
  encodeRollups(rollups: RollupGroup, nowMs: number, isLast: boolean): TableBlock[] {
    // They are small and seldom made: their memory need not be used again.
    const memory = new SegmentMemory();
    const blocks: TableBlock[] = [];
    this.#edges.expire(nowMs, isLast, rollups.edges, memory);
    const red = rollups.red.write(memory);
    add(blocks, "red_1m", "spans", red?.minutes);
    add(blocks, "red_1h", "spans", red?.hours);
    add(blocks, "service_red", "spans", red?.services);
    add(blocks, "edges_1m", "spans", rollups.edges.write(memory));
    const catalogue =
      this.#catalogue.isDue(nowMs) || isLast ? this.#catalogue.write(nowMs, memory) : undefined;
    add(blocks, "attribute_keys", "spans", catalogue?.keys);
    add(blocks, "attribute_values", "spans", catalogue?.values);
    return blocks;
  }

  #encodeSpans(
    batch: SpanBatch,
    nowMs: number,
    rollups: RollupGroup | undefined,
    blocks: TableBlock[],
  ): void {
    const memory = this.#memory;
    const ids = contentIds(batch.resources, batch.scopes, batch.strings);
    const facts = spanFacts(batch, ids.serviceNames, this.#retention, memory);
    const split = splitAttributes(
      batch.attributes,
      batch.attributeOffsets,
      batch.length,
      batch.strings,
      true,
      memory,
    );
    this.#encodeContent("spans", batch, ids, facts, nowMs, blocks);
    const places = writeAttributePlacesBlock(batch, facts, split, this.#knownPlaces, nowMs, memory);
    add(blocks, "attribute_places", "spans", places);
    add(blocks, "spans", "spans", writeSpansBlock(batch, ids, facts, split, memory));
    add(blocks, "trace_index", "spans", writeTraceIndexBlock(batch, facts, memory));
    if (rollups === undefined) return;
    rollups.red.add(batch, facts, new NameTranslation(batch.strings, rollups.strings, memory));
    this.#edges.collect(batch, facts, split, nowMs, rollups.edges, memory);
    this.#catalogue.collect(batch, facts, nowMs);
  }

  #encodeLogs(batch: LogBatch, nowMs: number, blocks: TableBlock[]): void {
    const ids = contentIds(batch.resources, batch.scopes, batch.strings);
    const facts = logFacts(batch, this.#retention);
    this.#encodeContent("logs", batch, ids, facts, nowMs, blocks);
    add(blocks, "logs", "logs", writeLogsBlock(batch, ids, facts, this.#memory));
  }

  #encodeContent(
    source: Source,
    use: ContentUse,
    ids: ContentIds,
    kept: KeptColumns,
    nowMs: number,
    blocks: TableBlock[],
  ): void {
    const [known, memory] = [this.#known, this.#memory];
    add(blocks, "resources", source, writeResourcesBlock(use, ids, kept, known, nowMs, memory));
    add(blocks, "scopes", source, writeScopesBlock(use, ids, kept, known, nowMs, memory));
  }
}

function add(
  blocks: TableBlock[],
  table: TableName,
  source: Source,
  bytes: Uint8Array<ArrayBuffer> | undefined,
): void {
  if (bytes !== undefined) blocks.push({ table, source, bytes });
}
