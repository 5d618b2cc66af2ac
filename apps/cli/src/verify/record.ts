// Writes down what the traces of a good run have in common, as expectations for later runs: what every trace
// had, with room where they differed.

import type { TraceFacts } from "@clew/analysis";
import type { SpanFacts } from "@clew/model";
import { isMap, parseDocument } from "yaml";
import type { InteractionResult } from "./run-interaction.ts";

/** Attributes that say what a span is; others (ids, sizes, addresses) differ from run to run. */
const STABLE_ATTRIBUTES = [
  "http.request.method",
  "http.route",
  "http.response.status_code",
  "rpc.system",
  "rpc.service",
  "rpc.method",
  "db.system.name",
  "db.operation.name",
  "db.collection.name",
  "messaging.system",
  "messaging.destination.name",
  "messaging.operation.type",
] as const;

/** Times of a recorded run may be exceeded so many times over. */
const ROOM = 5;

/** The plan's text with an `expect` of each interaction as its traces were; comments are kept. */
export function recordedPlan(source: string, results: readonly InteractionResult[]): string {
  const document = parseDocument(source, { stringKeys: true });
  results.forEach((result, at) => {
    const node = document.getIn(["interactions", at]);
    if (!isMap(node)) return;
    node.set("expect", document.createNode(expectationOf(result.traces.map(({ facts }) => facts))));
  });
  return document.toString({ lineWidth: 100 });
}

function expectationOf(traces: readonly TraceFacts[]): object {
  const counts = traces.map(({ spans }) => spans.length);
  const errors = traces.map(({ spans }) => spans.filter(({ status }) => status === "error").length);
  const longest = Math.max(...traces.map(({ durationNano }) => durationNano));
  return {
    services: common(traces.map(({ services }) => [...services])),
    edges: common(traces.map((trace) => [...trace.edges().keys()])),
    unexpected: "forbid",
    spanCount: rangeOf(counts),
    ...(Math.max(...errors) === 0 ? {} : { errors: rangeOf(errors) }),
    maxDuration: `${Math.max(100, Math.ceil((longest * ROOM) / 1e8) * 100)}ms`,
    spans: spansOf(traces),
  };
}

function spansOf(traces: readonly TraceFacts[]): object[] {
  const groups = new Map<string, { span: SpanFacts; trace: TraceFacts }[]>();
  for (const trace of traces) {
    for (const span of trace.spans) {
      const key = JSON.stringify([span.service, span.name, span.kind]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [{ span, trace }]);
      else group.push({ span, trace });
    }
  }
  return [...groups.values()]
    .filter((group) => traces.every((trace) => group.some((one) => one.trace === trace)))
    .map((group) => spanOf(group, traces));
}

function spanOf(
  group: readonly { span: SpanFacts; trace: TraceFacts }[],
  traces: readonly TraceFacts[],
): object {
  const [
    {
      span: { service, name, kind },
    },
  ] = group as [{ span: SpanFacts; trace: TraceFacts }];
  const counts = traces.map((trace) => group.filter((one) => one.trace === trace).length);
  const parents = new Set(group.map(({ span, trace }) => parentText(trace, span)));
  const [parent] = parents;
  const attributes = stableAttributes(group.map(({ span }) => span));
  return {
    service,
    name,
    kind,
    count: rangeOf(counts),
    ...(parents.size === 1 && parent !== undefined
      ? { parent: JSON.parse(parent) as unknown }
      : {}),
    ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
  };
}

function parentText(trace: TraceFacts, span: SpanFacts): string {
  if (span.parentSpanId === "")
    return JSON.stringify(
      trace.linkedBy(span).length > 0 ? namesOf(trace.linkedBy(span)[0]) : "root",
    );
  return JSON.stringify(namesOf(trace.parentOf(span)));
}

function namesOf(span: SpanFacts | undefined): object | undefined {
  return span === undefined
    ? undefined
    : { service: span.service, name: span.name, kind: span.kind };
}

function stableAttributes(spans: readonly SpanFacts[]): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const key of STABLE_ATTRIBUTES) {
    const values = new Set(spans.map(({ attributes }) => attributes[key]));
    const [value] = values;
    if (values.size !== 1 || value === undefined || typeof value === "object") continue;
    found[key] = typeof value === "bigint" ? Number(value) : value;
  }
  return found;
}

function rangeOf(counts: readonly number[]): number | string {
  const min = Math.min(...counts);
  const max = Math.max(...counts);
  return min === max ? min : `${min}..${max}`;
}

function common(lists: readonly (readonly string[])[]): string[] {
  return (lists[0] ?? []).filter((one) => lists.every((list) => list.includes(one))).toSorted();
}
