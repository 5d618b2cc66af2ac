// `@clew/sdk/testing`: what a test says about the traces of the code under test.

import { running, start } from "./sdk.ts";
import { TraceAssertion, type TraceChoice } from "./test-kit/expect-trace.ts";
import { TraceRecorder } from "./test-kit/trace-recorder.ts";

export type {
  CountRange,
  SpanExpectation,
  SpanMatch,
  TextMatch,
  TraceExpectation,
  ValueMatch,
} from "@clew/analysis";
export type { SpanFacts } from "@clew/model";
export type { TraceAssertion, TraceChoice, TraceRecorder };

/** The tracer that a recorder has started, whatever copy of this module did: files of tests may share a process. */
const place = globalThis as { [key: symbol]: unknown };
const RECORDED: symbol = Symbol.for("clew.sdk.recorded");

/**
 * Starts recording. Unless a tracer is running already, one is started in this process that sends here, until the
 * next recorder begins; services that the test starts send here with `recorder.env` in their environment.
 */
export async function recordTraces(): Promise<TraceRecorder> {
  const recorder = await TraceRecorder.listen({
    flush: async () => await running()?.flush(),
    stop: () => {
      if (recordedBy(recorder)) running()?.sendTo(undefined);
    },
  });
  const before = running();
  // A tracer that runs already sends where it was told to, unless that was an earlier recorder.
  if (before === undefined) start({ endpoint: recorder.endpoint, sampler: 1, spill: "off" });
  else if (place[RECORDED] !== undefined) before.sendTo(recorder.endpoint);
  else return recorder;
  place[RECORDED] = recorder;
  return recorder;
}

function recordedBy(recorder: TraceRecorder): boolean {
  return place[RECORDED] === recorder;
}

/** What is expected of a recorded trace: the newest that fits `choice`. */
export function expectTrace(recorder: TraceRecorder, choice: TraceChoice = {}): TraceAssertion {
  return new TraceAssertion(recorder, choice);
}
