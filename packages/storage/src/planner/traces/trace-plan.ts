// A pipeline about whole traces, made ready: what to ask the engine, and the function that is run on each trace.

import type { FieldExpression, FieldReference, Pipeline } from "@clew/traceql";
import { compileTerm, compileTest } from "./compile-field.ts";
import { EVERY_SPAN, type SpanFormula, type TraceNeed, without } from "./formulas.ts";
import { Leaves } from "./leaves.ts";
import { firstStageSpans, pipelineNeeds } from "./needs.ts";
import { compilePipeline } from "./pipeline.ts";
import type { CompiledPipeline } from "./spanset.ts";
import type { Term, Test } from "./terms.ts";

export interface TracePlan {
  readonly run: CompiledPipeline;
  /** Values that are wanted of the result's spans, as functions over the trace. */
  readonly terms: readonly Term[];
  /** Conditions that are asked of the result's spans. */
  readonly tests: readonly Test[];
  /** Conditions and values that `run` and `terms` read; known of every span that `spans` lets through. */
  readonly conditions: readonly FieldExpression[];
  readonly values: readonly FieldReference[];
  /** What is read of each event or link, see `Leaves`. */
  readonly choices: readonly FieldExpression[];
  /** Conditions from this one on serve to find traces only. */
  readonly evaluated: number;
  /** Whether the keys of spans are read. */
  readonly needsKeys: boolean;
  /** Spans that have to be read of a trace. */
  readonly spans: SpanFormula;
  /** Holds for every span of the result. */
  readonly result: SpanFormula;
  /** Holds for every trace with a result, given that it has a span for which `result` holds. */
  readonly need: TraceNeed;
}

export interface Wanted {
  /** What the plan's `terms` are to give. */
  readonly fields?: readonly FieldExpression[];
  /** What its `tests` are to tell. */
  readonly conditions?: readonly FieldExpression[];
  /** Whether parents and roots of the result's spans are asked for. */
  readonly needsKin?: boolean;
  /** Whether spans are looked up again by their keys. */
  readonly needsKeys?: boolean;
}

/** @throws ClewError `bad_request` for a pipeline with too many conditions. */
export function planTraces(
  pipeline: Pipeline,
  { fields = [], conditions = [], needsKin = false, needsKeys = false }: Wanted = {},
): TracePlan {
  const leaves = new Leaves();
  const run = compilePipeline(pipeline, leaves);
  const terms = fields.map((field) => compileTerm(field, leaves));
  const tests = conditions.map((condition) => compileTest(condition, leaves));
  const evaluated = leaves.conditions.length;
  const { result, need } = pipelineNeeds(pipeline, leaves);
  return {
    run,
    terms,
    tests,
    conditions: leaves.conditions,
    values: leaves.values,
    choices: leaves.choices,
    evaluated,
    needsKeys,
    spans: leaves.needsAllSpans || needsKin ? EVERY_SPAN : firstStageSpans(pipeline, leaves),
    result,
    need: without(need, result),
  };
}
