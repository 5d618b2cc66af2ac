// What compare() counts: the values of every attribute among the spans of the selection and among the others.

import type { Compare, Pipeline } from "@clew/traceql";
import { holds } from "./oracle-fields.ts";
import type { OracleSeries, OracleSteps } from "./oracle-metrics.ts";
import { evaluate } from "./oracle-spansets.ts";
import type { OracleSpan, OracleTrace, Value } from "./oracle-trace.ts";
import { keyOf } from "./oracle-values.ts";

/** One series for each side, attribute and value, and one for each side's spans with the attribute. */
export function compareSpans(
  pipeline: Pipeline,
  compare: Compare,
  traces: readonly OracleTrace[],
  steps: OracleSteps,
): OracleSeries[] {
  const series = new Map<string, { labels: string[]; samples: Map<number, number> }>();
  const count = (labels: string[], time: number): void => {
    const key = labels.join("\n");
    const one = series.get(key) ?? { labels, samples: new Map<number, number>() };
    one.samples.set(time, (one.samples.get(time) ?? 0) + 1);
    series.set(key, one);
  };
  for (const span of traces.flatMap((trace) => [
    ...new Set(evaluate(pipeline, trace).flatMap((set) => set.spans)),
  ])) {
    if (span.start < steps.startNano || span.start >= steps.endNano) continue;
    const side = holds(compare.selection.condition, span) ? "selection" : "baseline";
    const step = (span.start - steps.startNano) / steps.stepNano + 1n;
    const time = Number((steps.startNano + step * steps.stepNano) / 1_000_000n);
    for (const [name, value] of attributesOf(span)) {
      count([`__meta_type=string:${side}`, `${name}=${keyOf(value)}`], time);
      count([`__meta_type=string:${side}_total`, `${name}=nil`], time);
    }
  }
  return [...series.values()];
}

function attributesOf(span: OracleSpan): (readonly [string, Value])[] {
  const text = (value: string): Value => ({ type: "string", value });
  const all: (readonly [string, Value])[] = [
    ["name", text(span.name)],
    ["kind", { type: "kind", value: span.kind }],
    ["status", { type: "status", value: span.status }],
    ...(span.message === "" ? [] : [["statusMessage", text(span.message)] as const]),
    ...named("span", span.attributes),
    ...named("resource", span.resource),
    ...named("instrumentation", span.scope.attributes),
    ["instrumentation:name", text(span.scope.name)],
    ["instrumentation:version", text(span.scope.version)],
  ];
  return all.filter(([, value]) => value !== undefined && value.type !== "array");
}

function named(scope: string, values: ReadonlyMap<string, Value>): (readonly [string, Value])[] {
  return Array.from(values, ([key, value]) => [`${scope}.${key}`, value] as const);
}
