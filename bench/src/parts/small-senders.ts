// Part `small-senders`: 200 senders of 5 spans every 100 ms, against the same server's cost for large
// batches. What a small request costs beyond its spans shows here.

import type { FigureList } from "../figures.ts";
import { troubleOf } from "../load-process.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess } from "../server-process.ts";
import { costOf, noteOf, warmUp } from "./ingest.ts";

const SENDERS = 200;
const SMALL_RATE = SENDERS * 50;
const LARGE_RATE = 150_000;

/** Runs the part: over HTTP, and over gRPC for information. */
export async function benchSmallSenders(run: BenchRun): Promise<void> {
  const figures = run.figures("small-senders");
  for (const transport of ["http", "grpc"] as const) {
    const server = await ServerProcess.start(run.place);
    try {
      await measureSmall(run, figures, server, transport);
    } finally {
      await server.dispose();
    }
  }
}

async function measureSmall(
  run: BenchRun,
  figures: FigureList,
  server: ServerProcess,
  transport: "grpc" | "http",
): Promise<void> {
  const seconds = run.scale.loadSeconds;
  await warmUp(run, server, transport);
  const load = () => ({ transport, seed: run.nextSeed(), seconds });
  let large = run.largeBatches[transport];
  if (large === undefined) {
    figures.step(`${transport}: large batches at ${LARGE_RATE} spans/s`);
    large = (await costOf(server, { ...load(), rate: LARGE_RATE })).microseconds;
  }
  figures.step(`${transport}: large batches at ${SMALL_RATE} spans/s`);
  const slow = await costOf(server, { ...load(), rate: SMALL_RATE });
  figures.step(`${transport}: ${SENDERS} small senders`);
  const small = await costOf(server, { ...load(), senders: SENDERS });
  figures.add(`${transport}: server CPU, ${SENDERS} small senders`, small.microseconds, "us/span", {
    ...noteOf(
      `${small.report.spansPerSecond.toFixed(0)} spans/s`,
      `p99 ${small.report.latencyMs.p99.toFixed(0)} ms`,
      troubleOf(small.report),
    ),
  });
  const goal = transport === "http" ? { goal: { atMost: 3 } } : {};
  figures.add(`${transport}: over large batches at 150k/s`, small.microseconds / large, "x", {
    ...goal,
    note: `${large.toFixed(2)} us/span`,
  });
  const alike = small.microseconds / slow.microseconds;
  figures.add(`${transport}: over large batches at the same 10k/s`, alike, "x", {
    note: `${slow.microseconds.toFixed(2)} us/span`,
  });
}
