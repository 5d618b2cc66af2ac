// One sealed segment -> a Native block for every table it touches. The state that outlives a segment
// (waiting halves of calls, the attribute catalogue, content already written) lives here.

import type { LogBatch, SpanBatch } from "@clew/model";
import { AttributeCatalogue } from "../catalogue/attribute-catalogue.ts";
import { EdgePairing, type EdgePairingOptions } from "../edges/edge-pairing.ts";
import type { TableName } from "../schema/tables.ts";
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
import { writeRedBlocks } from "./red-blocks.ts";
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
  readonly #memory = new SegmentMemory();

  constructor({ retention, edges }: SegmentEncoderOptions) {
    this.#retention = retention;
    this.#edges = new EdgePairing(edges);
  }

  /**
   * Blocks in the order in which they must be inserted: what others refer to comes first, and the trace
   * index after the spans, so that a trace that is found is there.
   */
  encode(spans: SpanBatch, logs: LogBatch, nowMs: number): TableBlock[] {
    this.#memory.begin();
    const blocks: TableBlock[] = [];
    if (spans.length > 0) this.#encodeSpans(spans, nowMs, blocks);
    if (logs.length > 0) this.#encodeLogs(logs, nowMs, blocks);
    return blocks;
  }

  /**
   * Gives the memory of written blocks to the next segment: their bytes must not be read again. Blocks
   * that are never released stay valid and are left to the garbage collector.
   */
  release(blocks: readonly TableBlock[]): void {
    this.#memory.release(blocks.map((block) => block.bytes));
  }

  /** To be called when encoded blocks are lost: the next ones say again what resources and scopes are. */
  forgetContent(): void {
    this.#known.clear();
  }

  /**
   * What has become due without new spans: calls whose other half will not come, and the catalogue of
   * the last segments. `isLast`: the collector stops, so everything that waits is due.
   */
  encodeDue(nowMs: number, isLast: boolean): TableBlock[] {
    this.#memory.begin();
    const blocks: TableBlock[] = [];
    const edges = isLast
      ? this.#edges.expire(Number.POSITIVE_INFINITY, this.#memory)
      : this.#edges.expireDue(nowMs, this.#memory);
    add(blocks, "edges_1m", "spans", edges);
    if (isLast || this.#catalogue.isDue(0, nowMs)) this.#encodeCatalogue(nowMs, blocks);
    return blocks;
  }

  #encodeSpans(batch: SpanBatch, nowMs: number, blocks: TableBlock[]): void {
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
    add(blocks, "spans", "spans", writeSpansBlock(batch, ids, facts, split, memory));
    add(blocks, "trace_index", "spans", writeTraceIndexBlock(batch, facts, memory));
    const red = writeRedBlocks(batch, facts, memory);
    add(blocks, "red_1m", "spans", red.minutes);
    add(blocks, "red_1h", "spans", red.hours);
    add(blocks, "service_red", "spans", red.services);
    add(blocks, "edges_1m", "spans", this.#edges.collect(batch, facts, split, nowMs, memory));
    this.#catalogue.collect(batch, facts, nowMs);
    if (this.#catalogue.isDue(batch.length, nowMs)) this.#encodeCatalogue(nowMs, blocks);
  }

  #encodeCatalogue(nowMs: number, blocks: TableBlock[]): void {
    const catalogue = this.#catalogue.write(nowMs, this.#memory);
    add(blocks, "attribute_keys", "spans", catalogue?.keys);
    add(blocks, "attribute_values", "spans", catalogue?.values);
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
