// Opens the embedded span store for the process: engine, schema, reader, and the queue of inserts.

import { join } from "node:path";
import type { Health } from "@clew/api";
import {
  type InsertOutcome,
  migrate,
  openChdbEngine,
  openRedSeriesReader,
  openTraceqlReader,
  openTraceReader,
  type SealedSegment,
  SegmentInserter,
} from "@clew/storage";
import type { Config } from "../config/schema.ts";
import type { Log } from "../process/log.ts";
import type { Store } from "../wiring.ts";

/** The store as ingest needs it. */
export interface OpenStore extends Store {
  /** Absolute path of the data folder. */
  readonly folder: string;
  /** Resolves when the segment is durable or refused for good; rejects when the store closes before. */
  insert(segment: SealedSegment): Promise<InsertOutcome>;
}

/** See `Parts.openStore`. */
export async function openStore(config: Config, folder: string, log: Log): Promise<OpenStore> {
  const limits = {
    timeoutMs: config.queryTimeoutMs,
    maxMemoryBytes: config.queryMaxMemoryBytes,
    maxBytesToRead: config.queryMaxReadBytes,
  };
  const engine = await openChdbEngine({
    path: join(folder, "chdb"),
    readers: config.queryConcurrency,
    limits,
  });
  await migrate(engine);
  let trouble: string | undefined;
  const inserter = new SegmentInserter({
    engine,
    onTrouble: (segment, error, attempt) => {
      trouble = `inserts fail: ${error.message}`;
      log.warn({ segment: segment.id, attempt, err: error }, "segment not inserted yet");
    },
  });
  return {
    folder,
    reader: openTraceReader(engine, { limits }),
    traceql: openTraceqlReader(engine, { limits }),
    redSeries: openRedSeriesReader(engine, limits),
    metrics: () => [],
    health: (): Health =>
      trouble === undefined
        ? { status: "ok", reasons: [] }
        : { status: "degraded", reasons: [trouble] },
    async insert(segment): Promise<InsertOutcome> {
      const outcome = await inserter.insert(segment);
      // A refused segment is set aside and the next one tried; while none gets through, something is wrong with us.
      trouble = outcome.ok ? undefined : `segments are refused and set aside: ${outcome.reason}`;
      return outcome;
    },
    async close(): Promise<void> {
      inserter.stop();
      await engine.close();
    },
  };
}
