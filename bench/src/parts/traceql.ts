// Part `traceql`: what it takes to read a query, from text to checked tree. First in a process that has read
// none before, then warm.

import { parse } from "@clew/traceql";
import type { BenchRun } from "../run.ts";

const GOAL_MS = 1;
const WARM_UP = 2000;
const REPETITIONS = 5000;

const many = Array.from({ length: 480 }, (_, i) => `.a = ${i}`).join(" || ");
const queries: Readonly<Record<string, string>> = {
  filter:
    '{ span.http.response.status_code >= 500 && resource.service.name = "shop" && duration > 1s }',
  structure: '{ name =~ "GET .*" } >> { status = error } | by(name) | avg(duration) > 1s',
  metrics:
    "({ status = error } | rate() by(resource.service.name)) / ({ } | rate() by(resource.service.name)) * 100",
  "480 conditions": `{ ${many} }`,
};

/** Runs the part. */
export async function benchTraceql(run: BenchRun): Promise<void> {
  const figures = run.figures("traceql");
  for (const [name, text] of Object.entries(queries)) {
    figures.add(`parse, first: ${name}`, milliseconds(text, 1), "ms");
    milliseconds(text, WARM_UP);
    const warm = milliseconds(text, REPETITIONS);
    // The goal is that of queries which people write.
    const about = text.length > 1000 ? {} : { goal: { atMost: GOAL_MS } };
    figures.add(`parse, warm: ${name}`, warm, "ms", about);
  }
}

function milliseconds(text: string, repetitions: number): number {
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) parse(text);
  return (performance.now() - start) / repetitions;
}
