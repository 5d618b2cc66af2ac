// Queries made from queries: another condition, another measure over the same spans, further columns. The
// result is written by the printer, so comments and line breaks of the old text are gone.

import {
  type FieldExpression,
  type MetricsExpression,
  type Pipeline,
  parse,
  print,
  type Query,
  references,
  type SpansetExpression,
  type SpansetFilter,
  type Stage,
} from "@clew/traceql";
import { filterQueryText } from "./filter-text.ts";

const nowhere = { start: 0, end: 0 };

/** What the answer to a query looks like. */
export type AnswerKind = "spans" | "series" | "heat" | "compare";

export function answerKind(query: Query): AnswerKind {
  if (query.kind === "spans") return "spans";
  const { expression } = query;
  if (expression.kind !== "series") return "series";
  const { function: fn } = expression;
  if (fn.kind === "compare") return "compare";
  return fn.function === "histogram_over_time" && expression.then.length === 0 ? "heat" : "series";
}

/** The spans that a query is about; of one that computes with several series, those of the first. */
export function pipelineOf(query: Query): Pipeline | undefined {
  if (query.kind === "spans") return query.pipeline;
  return pipelineIn(query.expression);
}

function pipelineIn(expression: MetricsExpression): Pipeline | undefined {
  if (expression.kind === "series") return expression.pipeline;
  if (expression.kind === "number") return undefined;
  return pipelineIn(expression.left) ?? pipelineIn(expression.right);
}

/** The query for the spans of `pipeline`, with `stage` after them ("" for none). */
function pipelineText(pipeline: Pipeline, stage: string): string {
  const text = print({ kind: "spans", pipeline, hints: new Map(), at: nowhere });
  return stage === "" ? text : `${text} | ${stage}`;
}

/** A filter as the text of a query by itself. */
export function filterText(filter: SpansetFilter): string {
  return pipelineText({ kind: "pipeline", stages: [filter], at: nowhere }, "");
}

function withoutSelect(pipeline: Pipeline): Pipeline {
  const stages = pipeline.stages.filter(({ kind }) => kind !== "select");
  return stages.length === 0 ? pipeline : { ...pipeline, stages };
}

/** The same spans as another kind of answer; undefined when the query is about no spans. */
export function retarget(query: Query, kind: AnswerKind): string | undefined {
  if (answerKind(query) === kind) return print(query);
  const pipeline = pipelineOf(query);
  if (pipeline === undefined) return undefined;
  switch (kind) {
    case "spans":
      return pipelineText(pipeline, "");
    case "series":
      return pipelineText(withoutSelect(pipeline), "rate()");
    case "heat":
      return pipelineText(withoutSelect(pipeline), "histogram_over_time(duration)");
    case "compare":
      return pipelineText(withoutSelect(pipeline), "compare({ status = error })");
  }
}

/** The query with further conditions (as text) on the spans that it finds. */
export function narrow(query: Query, conditions: readonly string[]): string {
  if (query.kind === "spans")
    return print({ ...query, pipeline: narrowed(query.pipeline, conditions) });
  return print({ ...query, expression: narrowedMetrics(query.expression, conditions) });
}

function narrowedMetrics(
  node: MetricsExpression,
  conditions: readonly string[],
): MetricsExpression {
  switch (node.kind) {
    case "number":
      return node;
    case "series":
      return { ...node, pipeline: narrowed(node.pipeline, conditions) };
    case "arithmetic":
      return {
        ...node,
        left: narrowedMetrics(node.left, conditions),
        right: narrowedMetrics(node.right, conditions),
      };
  }
}

function narrowed(pipeline: Pipeline, conditions: readonly string[]): Pipeline {
  const [first, ...rest] = pipeline.stages;
  const stage = first === undefined ? undefined : narrowedSpans(first, conditions);
  if (stage !== undefined) return { ...pipeline, stages: [stage, ...rest] };
  const filter = parsedFilter(conditions);
  // Before what groups and shows: conditions are on spans.
  return {
    ...pipeline,
    stages: isSpanset(first) ? [first, filter, ...rest] : [filter, ...pipeline.stages],
  };
}

function isSpanset(stage: Stage | undefined): stage is SpansetExpression {
  return stage !== undefined && ["filter", "spansets", "without", "nested"].includes(stage.kind);
}

/** The stage narrowed in place: a filter, or the right-hand filter of a relation, whose spans are found. */
function narrowedSpans(stage: Stage, conditions: readonly string[]): SpansetExpression | undefined {
  if (stage.kind === "filter") return { ...stage, condition: joined(stage, conditions) };
  if (stage.kind !== "spansets" || stage.right.kind !== "filter") return undefined;
  if (!/^!?(>>?|<<?|~)$/.test(stage.operator)) return undefined;
  return { ...stage, right: { ...stage.right, condition: joined(stage.right, conditions) } };
}

function joined({ condition }: SpansetFilter, conditions: readonly string[]): FieldExpression {
  const all = condition.kind === "static" && condition.type === "bool" && condition.value;
  const present = new Set(flat(condition).map(conditionText));
  const missing = conditions.filter(
    (one) => !present.has(conditionText(parsedFilter([one]).condition)),
  );
  if (missing.length === 0) return condition;
  const right = parsedFilter(missing).condition;
  if (all) return right;
  return flat(right).reduce<FieldExpression>(
    (left, one) => ({ kind: "binary", operator: "&&", left, right: one, at: nowhere }),
    condition,
  );
}

function flat(node: FieldExpression): FieldExpression[] {
  if (node.kind !== "binary" || node.operator !== "&&") return [node];
  return [...flat(node.left), ...flat(node.right)];
}

function conditionText(condition: FieldExpression): string {
  return filterText({ kind: "filter", condition, at: nowhere });
}

function parsedFilter(conditions: readonly string[]): SpansetFilter {
  const query = parse(filterQueryText(conditions));
  return (query as { pipeline: Pipeline }).pipeline.stages[0] as SpansetFilter;
}

/** What telling spans of a query apart from its others asks: `selection` as conditions, `window` in time. */
export function compareText(
  query: Query,
  selection: readonly string[],
  window?: { readonly startNano: bigint; readonly endNano: bigint },
): string | undefined {
  const pipeline = pipelineOf(query);
  if (pipeline === undefined) return undefined;
  const range = window === undefined ? "" : `, 10, ${window.startNano}, ${window.endNano}`;
  return pipelineText(withoutSelect(pipeline), `compare(${filterQueryText(selection)}${range})`);
}

/** The query with exactly these fields shown of each span. */
export function withSelect(query: Query, fields: readonly string[]): string | undefined {
  if (query.kind !== "spans") return undefined;
  const last = query.pipeline.stages.at(-1);
  const stages =
    last?.kind === "select" ? query.pipeline.stages.slice(0, -1) : query.pipeline.stages;
  if (stages.length === 0) return undefined;
  const text = print({ ...query, pipeline: { ...query.pipeline, stages } });
  if (query.hints.size > 0) return undefined;
  return fields.length === 0 ? text : `${text} | select(${fields.join(", ")})`;
}

/** Fields that the query's last stage selects, as written. */
export function selected(query: Query): readonly string[] {
  const last = query.kind === "spans" ? query.pipeline.stages.at(-1) : undefined;
  return last?.kind === "select" ? last.fields.map(({ text }) => text) : [];
}

const alwaysShown = ["resource.service.name", "status"];

/**
 * The query's text with service and status shown of each span as well. Places in the text stay what they are. A
 * query with hints is left alone: nothing may follow them.
 */
export function withShown(query: Query, text: string): string {
  if (query.kind !== "spans" || query.hints.size > 0) return text;
  const named = new Set(references(query).map((field) => field.text));
  const missing = alwaysShown.filter((field) => !named.has(field));
  // On a line of its own: the text may end in a comment.
  return missing.length === 0 ? text : `${text}\n| select(${missing.join(", ")})`;
}

/** Counts of the matching spans by status over time, for queries on single spans; undefined for others. */
export function countOverTime(query: Query): string | undefined {
  if (query.kind !== "spans" || query.hints.size > 0) return undefined;
  const pipeline = withoutSelect(query.pipeline);
  const isLocal = pipeline.stages.length === 1 && pipeline.stages[0]?.kind === "filter";
  return isLocal ? pipelineText(pipeline, "count_over_time() by(status)") : undefined;
}
