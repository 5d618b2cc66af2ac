// The floor of the write path, in this process alone: decoding requests, making rows, and the engine
// inserting ready files of the same rows into the same tables. Run as a program it prints microseconds
// of CPU (user + system, all threads) a span:
//   node bench/src/floor.ts [segments] [rows a segment] [table ...]

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BatchStream, makePlan } from "@clew/cli/load";
import { decodeTraces } from "@clew/codec";
import { LogBatch, SpanBatch } from "@clew/model";
import { type Engine, migrate, openChdbEngine, RollupGroup, SegmentEncoder } from "@clew/storage";

export interface FloorOptions {
  readonly segments: number;
  readonly rowsPerSegment: number;
  /** Only these tables; all unless given. */
  readonly tables?: readonly string[];
}

/** Microseconds of CPU a span. */
export interface FloorReport {
  readonly spans: number;
  readonly decode: number;
  /** Columns to Native blocks of all tables. */
  readonly encode: number;
  /** Inserting ready files, until the last insert returns. */
  readonly insert: number;
  /** The same with the merges that follow until none runs. */
  readonly insertAndMerge: number;
  /** Bytes on disk a span after the merges of this short run. */
  readonly bytesPerSpan: number;
}

/** CPU seconds of the whole process so far. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** As many as the collector seals while a group of segments takes more. */
const SEGMENTS_PER_GROUP = 3;

interface ReadyFile {
  readonly table: string;
  readonly path: string;
  readonly token: string;
}

export async function measureFloor(options: FloorOptions): Promise<FloorReport> {
  const folder = await mkdtemp(join(tmpdir(), "clew-floor-"));
  try {
    const made = await makeSegments(options, folder);
    return { ...made.report, ...(await insertAll(folder, made.files, made.report.spans)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function makeSegments(
  options: FloorOptions,
  folder: string,
): Promise<{ report: Pick<FloorReport, "spans" | "decode" | "encode">; files: ReadyFile[][] }> {
  const stream = new BatchStream({
    plan: makePlan({ seed: 7 }),
    first: 0,
    step: 1,
    startNano: undefined,
    json: false,
    gzip: false,
  });
  const encoder = new SegmentEncoder({ retention: () => 14 });
  const batch = new SpanBatch();
  const logs = new LogBatch();
  const files: ReadyFile[][] = [];
  let [spans, decode, encode] = [0, 0, 0];
  let rollups: RollupGroup | undefined;
  // The first two segments warm the compiler up and are not measured.
  for (let segment = -2; segment < options.segments; segment++) {
    const bodies = takeBodies(stream, options.rowsPerSegment);
    const start = cpuSeconds();
    batch.beginRequest("default", Math.floor(Date.now() / 1000));
    for (const body of bodies) decodeTraces(body, batch);
    const decoded = cpuSeconds();
    rollups ??= new RollupGroup();
    const blocks = encoder.encode(batch, logs, Date.now(), rollups);
    const ends = segment % SEGMENTS_PER_GROUP === SEGMENTS_PER_GROUP - 1 || segment < 0;
    if (ends || segment === options.segments - 1) {
      blocks.push(...encoder.encodeRollups(rollups, Date.now(), false));
      rollups = undefined;
    }
    const encoded = cpuSeconds();
    const ready: ReadyFile[] = [];
    for (const { table, source, bytes } of blocks) {
      if (options.tables !== undefined && !options.tables.includes(table)) continue;
      const path = join(folder, `${segment}.${table}.native`);
      await writeFile(path, bytes);
      ready.push({ table, path, token: `${segment}:${source}:${table}` });
    }
    if (segment >= 0) {
      spans += batch.length;
      decode += decoded - start;
      encode += encoded - decoded;
      files.push(ready);
    }
    batch.clear();
  }
  return {
    report: { spans, decode: (decode * 1e6) / spans, encode: (encode * 1e6) / spans },
    files,
  };
}

function takeBodies(stream: BatchStream, rows: number): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let count = 0; count < rows; ) {
    const batch = stream.next();
    if (batch === undefined) break;
    bodies.push(batch.body);
    count += batch.spans;
  }
  return bodies;
}

async function insertAll(
  folder: string,
  segments: readonly (readonly ReadyFile[])[],
  spans: number,
): Promise<Pick<FloorReport, "insert" | "insertAndMerge" | "bytesPerSpan">> {
  const data = join(folder, "chdb");
  await mkdir(data);
  const engine = await openChdbEngine({ path: data });
  try {
    await migrate(engine);
    const start = cpuSeconds();
    for (const files of segments) {
      for (const { table, path, token } of files) await engine.insertNative(table, path, token);
    }
    const inserted = cpuSeconds();
    await mergesDone(engine);
    const merged = cpuSeconds();
    const disk = await engine.readRows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active");
    return {
      insert: ((inserted - start) * 1e6) / spans,
      insertAndMerge: ((merged - start) * 1e6) / spans,
      bytesPerSpan: Number(disk[0]?.[0]) / spans,
    };
  } finally {
    await engine.close();
  }
}

/** Resolves when no merge has run for a second: the engine starts the next one a moment after the last. */
async function mergesDone(engine: Engine): Promise<void> {
  for (let quiet = 0; quiet < 10; quiet++) {
    const running = await engine.readRows("SELECT count() FROM system.merges");
    if (Number(running[0]?.[0]) > 0) quiet = -1;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

if (import.meta.main) {
  const [segments = "40", rows = "75000", ...tables] = process.argv.slice(2);
  const report = await measureFloor({
    segments: Number(segments),
    rowsPerSegment: Number(rows),
    ...(tables.length === 0 ? {} : { tables }),
  });
  console.log(JSON.stringify(report, undefined, 2));
}
