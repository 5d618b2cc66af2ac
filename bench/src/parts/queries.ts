// Part `queries`: how long the questions of the UI take over a day of spans, first on a server that does
// nothing else, then while it takes 50,000 spans a second. One question at a time, over HTTP, warm.

import { quantile } from "../draw.ts";
import { errorText } from "../error-text.ts";
import type { FigureList } from "../figures.ts";
import { startLoad, troubleOf } from "../load-process.ts";
import { type Asking, askTimed, pathOf } from "../native-api.ts";
import type { BenchRun } from "../run.ts";
import type { ServerProcess } from "../server-process.ts";
import { noteOf } from "./ingest.ts";
import { makeQuestions, type Question, type StoredRange } from "./questions.ts";
import { traceqlQuestions } from "./traceql-questions.ts";

const WARM_UPS = 3;
const INGEST_RATE = 50_000;
const INGEST_GOAL = 2;

interface Answered {
  readonly p50: number;
  readonly p95: number;
  /** Path of the slowest asking. */
  readonly slowest: string;
  readonly slowestMs: number;
  /** What was not as it should be; undefined when all was. */
  readonly trouble: string | undefined;
  readonly askings: number;
}

async function answer(server: ServerProcess, { asks, isFull }: Question): Promise<Answered> {
  const times: { readonly ms: number; readonly asking: Asking }[] = [];
  let hollow = 0;
  let failed: string | undefined;
  for (const [index, asking] of asks.entries()) {
    try {
      const { ms, text } = await askTimed(server, asking);
      if (!isFull(text)) hollow++;
      if (index >= WARM_UPS) times.push({ ms, asking });
    } catch (error) {
      failed ??= errorText(error);
    }
  }
  const slowest = times.reduce(
    (a, b) => (b.ms > a.ms ? b : a),
    times[0] ?? { ms: 0, asking: { path: "" } },
  );
  const values = times.map(({ ms }) => ms);
  const unexpected = hollow === 0 ? undefined : `${hollow} answers without what was asked for`;
  return {
    p50: quantile(values, 0.5),
    p95: quantile(values, 0.95),
    slowest: pathOf(slowest.asking),
    slowestMs: slowest.ms,
    trouble: [unexpected, failed].filter((text) => text !== undefined).join("; ") || undefined,
    askings: values.length,
  };
}

/** Asks TraceQL of a server that does nothing else and lists the times. */
export async function measureTraceql(
  run: BenchRun,
  figures: FigureList,
  server: ServerProcess,
  range: StoredRange,
): Promise<void> {
  const count = run.scale.repetitions + WARM_UPS;
  for (const question of await traceqlQuestions(server, range, count)) {
    listQuiet(figures, question, await answer(server, question));
  }
}

/** Asks everything twice and lists the times. `range` is what the stored spans cover. */
export async function measureQueries(
  run: BenchRun,
  figures: FigureList,
  server: ServerProcess,
  range: StoredRange,
): Promise<void> {
  figures.step("drawing what to ask");
  const { repetitions, traceIds } = run.scale;
  const count = repetitions + WARM_UPS;
  const questions = await makeQuestions(server, range, count, traceIds + WARM_UPS);
  const quiet: Answered[] = [];
  for (const question of questions) {
    const answered = await answer(server, question);
    quiet.push(answered);
    listQuiet(figures, question, answered);
  }
  figures.step(`the same while ${INGEST_RATE} spans/s come in`);
  const load = startLoad(server, { transport: "grpc", seed: run.nextSeed(), rate: INGEST_RATE });
  try {
    await askTimed(server, { path: "/health" });
    await new Promise((resolve) => setTimeout(resolve, run.scale.warmUpSeconds * 1000));
    for (const [index, question] of questions.entries()) {
      listBusy(figures, question, await answer(server, question), quiet[index]);
    }
  } finally {
    load.interrupt();
  }
  const report = await load.result;
  figures.add("ingested meanwhile", report.spansPerSecond, "spans/s", {
    ...noteOf(`p99 ${report.latencyMs.p99.toFixed(0)} ms`, troubleOf(report)),
  });
}

function listQuiet(figures: FigureList, { name, goalMs }: Question, answered: Answered): void {
  const { p50, p95, slowest, slowestMs, trouble, askings } = answered;
  if (goalMs !== undefined && p95 > goalMs) {
    process.stderr.write(`  slowest, ${slowestMs.toFixed(0)} ms: ${slowest}\n`);
  }
  figures.add(`${name}: p95`, p95, "ms", {
    ...(goalMs === undefined ? {} : { goal: { atMost: goalMs } }),
    ...noteOf(`p50 ${p50.toFixed(1)} ms`, `${askings} asked`, trouble),
  });
}

function listBusy(
  figures: FigureList,
  { name }: Question,
  busy: Answered,
  quiet: Answered | undefined,
): void {
  const ratio = busy.p50 / (quiet?.p50 ?? Number.NaN);
  figures.add(`while ingesting, ${name}: p50 over quiet`, ratio, "x", {
    goal: { atMost: INGEST_GOAL },
    ...noteOf(
      `p50 ${busy.p50.toFixed(1)} ms`,
      `p95 ${busy.p95.toFixed(1)} ms (${(busy.p95 / (quiet?.p95 ?? Number.NaN)).toFixed(1)} x)`,
      busy.trouble,
    ),
  });
}
