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

/**
 * Starts recording. Unless a tracer is running already, one is started in this process that sends here;
 * services that the test starts send here with `recorder.env` in their environment.
 */
export async function recordTraces(): Promise<TraceRecorder> {
  const recorder = await TraceRecorder.listen(async () => await running()?.flush());
  // A tracer that runs already sends where it was told to.
  start({ endpoint: recorder.endpoint, sampler: 1 });
  return recorder;
}

/** What is expected of a recorded trace: the newest that fits `choice`. */
export function expectTrace(recorder: TraceRecorder, choice: TraceChoice = {}): TraceAssertion {
  return new TraceAssertion(recorder, choice);
}
