// Parts `at-rest`, `queries` and `traceql` share one server that holds a day of spans, because filling it takes
// longest. Order matters: bytes first, then questions, and OPTIMIZE last, for it changes what is asked.

import { runLoad, troubleOf } from "../load-process.ts";
import type { BenchRun } from "../run.ts";
import { ServerProcess } from "../server-process.ts";
import { listAtRest, listOptimized } from "./at-rest.ts";
import { measureQueries, measureTraceql } from "./queries.ts";

const HOURS = 24;

/** Runs those of the parts that are wanted. */
export async function benchStoredDay(
  run: BenchRun,
  parts: { readonly atRest: boolean; readonly queries: boolean; readonly traceql: boolean },
): Promise<void> {
  const atRest = parts.atRest ? run.figures("at-rest") : undefined;
  const queries = parts.queries ? run.figures("queries") : undefined;
  const traceql = parts.traceql ? run.figures("traceql") : undefined;
  const first = atRest ?? queries ?? traceql;
  const server = await ServerProcess.start(run.place);
  try {
    const spans = run.scale.storedSpans;
    const endMs = Date.now();
    first?.step(`storing ${spans.toLocaleString("en-US")} spans of the past ${HOURS} h`);
    const load = { transport: "grpc", seed: run.nextSeed(), spans, pastHours: HOURS } as const;
    const report = await runLoad(server, load);
    const trouble = troubleOf(report);
    if (trouble !== undefined) process.stderr.write(`  the fill had trouble: ${trouble}\n`);
    await server.settle();
    if (atRest !== undefined) {
      await server.stop();
      await listAtRest(atRest, server, report.acknowledgedSpans);
      if (queries !== undefined || traceql !== undefined) await server.launch();
    }
    const range = { startMs: endMs - HOURS * 3_600_000, endMs };
    // Before `queries`, which takes more spans in while it asks.
    if (traceql !== undefined) await measureTraceql(run, traceql, server, range);
    if (queries !== undefined) await measureQueries(run, queries, server, range);
    if (queries !== undefined || traceql !== undefined) await server.stop();
    if (atRest !== undefined) await listOptimized(atRest, server);
  } finally {
    await server.dispose();
  }
}
