// Part `ingest`: batches of 512 over OTLP/gRPC and OTLP/HTTP. CPU a span at a steady rate with all that
// follows (inserts, merges), the greatest rate, the time to the acknowledgement at half the rate, memory.

import type { LoadReport } from "@clew/cli/load";
import type { FigureList } from "../figures.ts";
import { type Load, runLoad, troubleOf } from "../load-process.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess, type Settled } from "../server-process.ts";
import { queryStore } from "../store-query.ts";
import { bytesByTable, spansOf, totalOf } from "./at-rest.ts";
import { floorSum } from "./floor.ts";

const RATE = 150_000;
const TRANSPORTS = ["grpc", "http"] as const;

/** A load and what it cost the server. */
export interface CostedLoad {
  readonly report: LoadReport;
  readonly settled: Settled;
  /** Microseconds of the server's CPU an acknowledged span, inserts and merges included. */
  readonly microseconds: number;
}

/** Runs a load on a settled server and waits until the server has done all work that follows from it. */
export async function costOf(server: ServerProcess, load: Load): Promise<CostedLoad> {
  const before = server.cpuSeconds;
  const report = await runLoad(server, load);
  const settled = await server.settle();
  const microseconds = ((settled.cpuSeconds - before) * 1e6) / report.acknowledgedSpans;
  return { report, settled, microseconds };
}

/** Words for the note of a figure, those that are there. */
export function noteOf(...words: readonly (string | undefined)[]): { note?: string } {
  const note = words.filter((word) => word !== undefined).join("; ");
  return note === "" ? {} : { note };
}

/** Sends live spans for a few seconds and waits until the server is done with them. */
async function warmUp(
  run: BenchRun,
  server: ServerProcess,
  transport: "grpc" | "http",
): Promise<LoadReport> {
  const seconds = run.scale.warmUpSeconds;
  const report = await runLoad(server, { transport, seed: run.nextSeed(), rate: RATE, seconds });
  await server.settle();
  return report;
}

/** Runs the part. */
export async function benchIngest(run: BenchRun): Promise<void> {
  const figures = run.figures("ingest");
  for (const transport of TRANSPORTS) {
    const server = await ServerProcess.start(run.place);
    try {
      await measureTransport(run, figures, server, transport);
    } finally {
      await server.dispose();
    }
  }
}

async function measureTransport(
  run: BenchRun,
  figures: FigureList,
  server: ServerProcess,
  transport: "grpc" | "http",
): Promise<void> {
  const seconds = run.scale.loadSeconds;
  figures.step(`OTLP/${transport}: warming up`);
  const warm = await warmUp(run, server, transport);
  const load = (more: Partial<Load>): Load => {
    return { transport, seed: run.nextSeed(), seconds, ...more };
  };
  figures.step(`OTLP/${transport}: ${RATE} spans/s for ${seconds} s`);
  const paced = await costOf(server, load({ rate: RATE }));
  await listPaced(run, figures, transport, paced);
  figures.step(`OTLP/${transport}: ${RATE / 2} spans/s for ${seconds} s`);
  const half = await runLoad(server, load({ rate: RATE / 2 }));
  figures.add(`${transport}: p99 to the acknowledgement at half rate`, half.latencyMs.p99, "ms", {
    goal: { atMost: 500 },
    ...noteOf(
      `p50 ${half.latencyMs.p50.toFixed(0)}, max ${half.latencyMs.max.toFixed(0)} ms`,
      `${half.spansPerSecond.toFixed(0)}/s sent`,
      troubleOf(half),
    ),
  });
  await server.settle();
  figures.step(`OTLP/${transport}: as fast as it goes for ${seconds} s`);
  const unpaced = await costOf(server, load({}));
  listUnpaced(figures, transport, unpaced);
  figures.add(`${transport}: peak of resident memory`, server.peakBytes / 1e9, "GB", {
    goal: { atMost: 1.5 },
    note: "over all loads of this transport",
  });
  const reports = [warm, paced.report, half, unpaced.report];
  await listStored(figures, server, transport, reports);
}

async function listPaced(
  run: BenchRun,
  figures: FigureList,
  transport: "grpc" | "http",
  { report, settled, microseconds }: CostedLoad,
): Promise<void> {
  run.largeBatches = { ...run.largeBatches, [transport]: microseconds };
  figures.add(`${transport}: server CPU at ${RATE / 1000}k/s`, microseconds, "us/span", {
    goal: { atMost: 7 },
    ...noteOf(
      "aim 5",
      `${report.spansPerSecond.toFixed(0)}/s reached`,
      `p99 ${report.latencyMs.p99.toFixed(0)} ms`,
      `idle ${settled.idleSeconds.toFixed(0)} s after the end`,
      settled.idle ? undefined : "still busy at the time limit",
      troubleOf(report),
    ),
  });
  const floor = floorSum(await run.floor());
  figures.add(`${transport}: server CPU over the floor`, microseconds / floor, "x", {
    goal: { atMost: 1.6 },
    note: `floor ${floor.toFixed(2)} us/span, measured in this run`,
  });
}

function listUnpaced(
  figures: FigureList,
  transport: "grpc" | "http",
  { report, settled }: CostedLoad,
): void {
  figures.add(`${transport}: acknowledged, unpaced`, report.spansPerSecond, "spans/s", {
    goal: { atLeast: RATE },
    ...noteOf(`p99 ${report.latencyMs.p99.toFixed(0)} ms`, troubleOf(report)),
  });
  const stored = report.acknowledgedSpans / (report.seconds + settled.storedSeconds);
  figures.add(`${transport}: in the engine, unpaced`, stored, "spans/s", {
    goal: { atLeast: RATE },
    note: `the last span was there ${settled.storedSeconds.toFixed(1)} s after the end, 1.2 s of it to be sure`,
  });
}

async function listStored(
  figures: FigureList,
  server: ServerProcess,
  transport: "grpc" | "http",
  reports: readonly LoadReport[],
): Promise<void> {
  await server.stop();
  const [rows = []] = await queryStore(server.dataDir, [bytesByTable]);
  const spans = spansOf(rows);
  // Without this a server that drops what it cannot insert would look fast.
  const acknowledged = reports.reduce((sum, report) => sum + report.acknowledgedSpans, 0);
  const unanswered = reports.reduce((sum, report) => sum + report.unansweredRequests, 0);
  figures.add(`${transport}: spans stored, of all loads`, spans, "spans", {
    goal: { atLeast: acknowledged },
    ...noteOf(unanswered === 0 ? undefined : `${unanswered} requests more may be stored`),
  });
  figures.add(`${transport}: at rest, of these live spans`, totalOf(rows) / spans, "bytes/span", {
    note: "as the merges left it; part at-rest measures a whole day",
  });
}
