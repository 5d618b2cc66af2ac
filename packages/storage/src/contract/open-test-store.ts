// A store for tests: an engine with the schema, and inserts that go the collector's way (segment encoder,
// Native files, deduplication tokens) but without a spool.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LogBatch, SpanBatch } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { openTraceReader } from "../read/open-trace-reader.ts";
import { migrate } from "../schema/migrations.ts";
import type { TraceReader } from "../trace-reader.ts";
import { RollupGroup } from "../write/rollup-group.ts";
import { SegmentEncoder, type TableBlock } from "../write/segment-encoder.ts";
import { SHORT_LIVED } from "./tenants.ts";

export interface TestStore {
  readonly engine: Engine;
  readonly reader: TraceReader;
  /** Encodes a segment; the same blocks can be inserted more than once. */
  encode(batch: SpanBatch | LogBatch): readonly TableBlock[];
  /** Inserts blocks under a segment name: the same name again is a repeat of the same insert. */
  insertBlocks(blocks: readonly TableBlock[], segment: string): Promise<void>;
  insert(batch: SpanBatch | LogBatch): Promise<void>;
  close(): Promise<void>;
}

/** `openEngine` gets a new empty folder. */
export async function openTestStore(
  openEngine: (folder: string) => Promise<Engine>,
): Promise<TestStore> {
  const folder = mkdtempSync(join(tmpdir(), "clew-store-"));
  const engine = await openEngine(join(folder, "data"));
  await migrate(engine);
  const encoder = new SegmentEncoder({
    retention: (tenant) => (tenant === SHORT_LIVED ? 3 : 3650),
    edges: { waitMs: 0 },
  });
  let segments = 0;
  const encode = (batch: SpanBatch | LogBatch): readonly TableBlock[] => {
    const isSpans = batch instanceof SpanBatch;
    const [spans, logs] = isSpans ? [batch, new LogBatch()] : [new SpanBatch(), batch];
    const nowMs = segments * 60_000;
    const rollups = new RollupGroup();
    // Blocks are views into buffers that the next ones may use again.
    const copied = (blocks: readonly TableBlock[]): TableBlock[] =>
      blocks.map((block) => ({ ...block, bytes: block.bytes.slice() }));
    return [
      ...copied(encoder.encode(spans, logs, nowMs, rollups)),
      ...copied(encoder.encodeRollups(rollups, nowMs, false)),
    ];
  };
  const insertBlocks = async (blocks: readonly TableBlock[], segment: string): Promise<void> => {
    for (const { table, source, bytes } of blocks) {
      const file = join(folder, `${segment}-${source}-${table}.native`);
      writeFileSync(file, bytes);
      await engine.insertNative(table, file, `${segment}:${source}:${table}`);
      rmSync(file);
    }
  };
  return {
    engine,
    reader: openTraceReader(engine),
    encode,
    insertBlocks,
    insert: (batch) => insertBlocks(encode(batch), `segment-${++segments}`),
    close: async () => {
      await engine.close();
      rmSync(folder, { recursive: true });
    },
  };
}
