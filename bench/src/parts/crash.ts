// Part `crash`: kill -9 at random moments under full load, again and again, over gRPC and HTTP in turn.
// At the end every acknowledged span must be stored exactly once, and no other more than once.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { expectedBatch, parseAckedLog } from "@clew/cli/load";
import { quantile } from "../draw.ts";
import type { FigureList } from "../figures.ts";
import { startLoad } from "../load-process.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess } from "../server-process.ts";
import { queryStore } from "../store-query.ts";
import { spanKeys } from "./span-keys.ts";

/** A load runs this long before the kill, at least and at most, milliseconds. */
const BEFORE_KILL_MS = [600, 3000] as const;
/** And this long after the restart, so that what was cut off is sent again. */
const AFTER_RESTART_MS = 1500;

/** Runs the part. */
export async function benchCrash(run: BenchRun): Promise<void> {
  const figures = run.figures("crash");
  const server = await ServerProcess.start(run.place);
  try {
    const logs: string[] = [];
    const restarts: number[] = [];
    for (let kill = 0; kill < run.scale.kills; kill++) {
      const transport = kill % 2 === 0 ? "grpc" : "http";
      figures.step(`kill ${kill + 1} of ${run.scale.kills}, under load over ${transport}`);
      const ackedFile = join(server.dataDir, `acked-${kill}.jsonl`);
      logs.push(ackedFile);
      restarts.push(await killOnce(run, server, { transport, ackedFile }));
    }
    await server.settle();
    await server.stop();
    figures.add("restart to ready, p50", quantile(restarts, 0.5) / 1000, "s");
    figures.add("restart to ready, longest", Math.max(...restarts) / 1000, "s");
    await listCounts(figures, server, logs);
  } finally {
    await server.dispose();
  }
}

/** One load with a kill in its middle; resolves to the milliseconds of the restart. */
async function killOnce(
  run: BenchRun,
  server: ServerProcess,
  given: { readonly transport: "grpc" | "http"; readonly ackedFile: string },
): Promise<number> {
  const load = startLoad(server, { ...given, seed: run.nextSeed() });
  try {
    const before = await server.metric("clew_ingest_spans_total");
    while ((await server.metric("clew_ingest_spans_total")) <= before) await delay(50);
    const [least, most] = BEFORE_KILL_MS;
    await delay(least + Math.random() * (most - least)); // any moment at all: not repeatable on purpose
    await server.kill();
    const restart = await server.launch();
    await delay(AFTER_RESTART_MS);
    return restart;
  } finally {
    load.interrupt();
    await load.result;
  }
}

/** Writes the keys of all acknowledged spans and counts them against the store's, in the engine. */
async function listCounts(
  figures: FigureList,
  server: ServerProcess,
  logs: readonly string[],
): Promise<void> {
  figures.step("making the acknowledged spans again");
  const keys = join(server.dataDir, "acked.bin");
  const acknowledged = await writeKeys(logs, keys);
  figures.step("counting them in the store");
  const results = await queryStore(server.dataDir, [
    "CREATE TABLE bench_acked (k UInt64) ENGINE = MergeTree ORDER BY k",
    `INSERT INTO bench_acked SELECT k FROM file('${keys}', 'RowBinary', 'k UInt64')`,
    countSpans,
    countEverywhere,
    "DROP TABLE bench_acked SYNC",
  ]);
  await rm(keys);
  const [present, missing, duplicated, extra, extraTwice] = (results[2]?.[0] ?? []).map(Number);
  const none = { goal: { atMost: 0 } };
  figures.add("acknowledged", acknowledged, "spans", { note: `${logs.length} times kill -9` });
  figures.add("of these stored exactly once", present, "spans", {
    goal: { atLeast: acknowledged },
  });
  figures.add("of these missing", missing, "spans", none);
  figures.add("of these stored more than once", duplicated, "spans", none);
  figures.add("stored but not acknowledged, once", extra, "spans", {
    note: "their answer was cut off by a kill or by the end of a load",
  });
  figures.add("stored but not acknowledged, more than once", extraTwice, "spans", none);
  const [stored = 0, ...sums] = (results[3]?.[0] ?? []).map(Number);
  const off = sums.map((sum) => Math.abs(sum - stored));
  figures.add("rollups that count more or fewer", Math.max(...off), "spans", none);
}

/** A span's key is its id XOR the first half of its trace id, as 64 bits; see span-keys.ts. */
const countSpans = `SELECT countIf(acked > 0 AND stored = 1), countIf(acked > 0 AND stored = 0),
  countIf(acked > 0 AND stored > 1), countIf(acked = 0 AND stored = 1), countIf(acked = 0 AND stored > 1)
FROM (
  SELECT k, sum(a) AS acked, sum(s) AS stored FROM (
    SELECT k, toUInt8(1) AS a, toUInt8(0) AS s FROM bench_acked
    UNION ALL
    SELECT bitXor(reinterpretAsUInt64(toString(span_id)), reinterpretAsUInt64(substring(toString(trace_id), 1, 8))),
      toUInt8(0), toUInt8(1) FROM spans
  ) GROUP BY k
)`;

/** Spans stored, and as each rollup counts them. */
const countEverywhere = `SELECT (SELECT count() FROM spans), (SELECT sum(spans) FROM trace_index),
  (SELECT sum(spans) FROM red_1m), (SELECT sum(spans) FROM red_1h),
  (SELECT sum(spans) FROM service_red WHERE step = 'minute'),
  (SELECT sum(spans) FROM service_red WHERE step = 'hour')`;

async function writeKeys(logs: readonly string[], path: string): Promise<number> {
  const file = createWriteStream(path);
  let count = 0;
  for (const log of logs) {
    const { plan, requests } = parseAckedLog(await readFile(log, "utf8"));
    for (const { sequence } of requests.toSorted((a, b) => a.sequence - b.sequence)) {
      const keys = spanKeys(expectedBatch(plan, sequence).payload);
      count += keys.length / 8;
      if (!file.write(keys)) await once(file, "drain");
    }
  }
  file.end();
  await finished(file);
  return count;
}
