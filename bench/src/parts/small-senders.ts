// Part `small-senders`: 200 senders of 5 spans every 100 ms, against the cost of large batches. What a small
// request costs beyond its spans shows here. Each load has a server of its own: else merges of what a
// former load left would count for the next one.

import type { FigureList } from "../figures.ts";
import { runLoad, troubleOf } from "../load-process.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess } from "../server-process.ts";
import { type CostedLoad, costOf, noteOf } from "./ingest.ts";

const SENDERS = 200;
const SMALL_RATE = SENDERS * 50;
const LARGE_RATE = 150_000;

type Pace = { readonly rate: number } | { readonly senders: number };

/** Runs the part: over HTTP, and over gRPC for information. */
export async function benchSmallSenders(run: BenchRun): Promise<void> {
  const figures = run.figures("small-senders");
  for (const transport of ["http", "grpc"] as const) await measureSmall(run, figures, transport);
}

async function freshCost(
  run: BenchRun,
  transport: "grpc" | "http",
  pace: Pace,
): Promise<CostedLoad> {
  const server = await ServerProcess.start(run.place);
  const load = (seconds: number) => ({ transport, seed: run.nextSeed(), seconds, ...pace });
  try {
    await runLoad(server, load(run.scale.warmUpSeconds));
    await server.settle();
    return await costOf(server, load(run.scale.loadSeconds));
  } finally {
    await server.dispose();
  }
}

async function measureSmall(
  run: BenchRun,
  figures: FigureList,
  transport: "grpc" | "http",
): Promise<void> {
  figures.step(`${transport}: ${SENDERS} small senders`);
  const small = await freshCost(run, transport, { senders: SENDERS });
  list(figures, `${transport}: server CPU, ${SENDERS} small senders`, small);
  figures.step(`${transport}: large batches at the same rate`);
  const slow = await freshCost(run, transport, { rate: SMALL_RATE });
  list(figures, `${transport}: server CPU, large batches at ${SMALL_RATE / 1000}k/s`, slow);
  let large = run.largeBatches[transport];
  if (large === undefined) {
    figures.step(`${transport}: large batches at ${LARGE_RATE} spans/s`);
    large = (await freshCost(run, transport, { rate: LARGE_RATE })).microseconds;
  }
  const goal = transport === "http" ? { goal: { atMost: 3 } } : {};
  const [alike, full] = [small.microseconds / slow.microseconds, small.microseconds / large];
  figures.add(`${transport}: small senders over large batches, same rate`, alike, "x", goal);
  figures.add(`${transport}: small senders over large batches at 150k/s`, full, "x", {
    ...goal,
    note: `${large.toFixed(2)} us/span there: group commits and inserts carry 15 times the spans`,
  });
}

function list(figures: FigureList, name: string, { report, microseconds }: CostedLoad): void {
  const cores = (microseconds * report.spansPerSecond) / 1e6;
  figures.add(name, microseconds, "us/span", {
    ...noteOf(
      `${(cores * 100).toFixed(0)} % of a core`,
      `${report.spansPerSecond.toFixed(0)} spans/s`,
      `p99 ${report.latencyMs.p99.toFixed(0)} ms`,
      troubleOf(report),
    ),
  });
}
