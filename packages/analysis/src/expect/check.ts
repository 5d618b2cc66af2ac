// Compares a trace with what is expected of it. Pure: the same for synthetic requests, live traces and tests.

import type { FactValue, SpanFacts } from "@clew/model";
import type {
  CountRange,
  Finding,
  SpanExpectation,
  TraceExpectation,
  ValueMatch,
} from "./expectation.ts";
import {
  describeMatch,
  describeSpan,
  describeValue,
  isInRange,
  matchesSpan,
  matchesValue,
  rangeText,
} from "./match.ts";
import { edgeName, type TraceFacts } from "./trace-facts.ts";

const ONCE_OR_MORE: CountRange = { min: 1, max: Number.POSITIVE_INFINITY };
const NONE: CountRange = { min: 0, max: 0 };

/** Everything about the trace that is not as expected; empty when all is well. */
export function checkTrace(trace: TraceFacts, expectation: TraceExpectation): readonly Finding[] {
  return [
    ...(expectation.complete === false ? [] : completenessFindings(trace)),
    ...serviceFindings(trace, expectation),
    ...edgeFindings(trace, expectation),
    ...(expectation.spans ?? []).flatMap((span) => spanFindings(trace, span)),
    ...totalFindings(trace, expectation),
  ];
}

/** Orphans and duplicates: what is wrong with a trace whatever is expected of it. */
export function completenessFindings(trace: TraceFacts): readonly Finding[] {
  const orphaned = trace.orphans.map((span) =>
    about(
      span,
      "orphaned",
      `${describeSpan(span)} names parent ${span.parentSpanId}, which is not in the trace`,
    ),
  );
  const duplicated = trace.duplicates.map((span) =>
    about(span, "duplicated", `${describeSpan(span)} has the id ${span.spanId} of another span`),
  );
  return [...orphaned, ...duplicated];
}

function serviceFindings(trace: TraceFacts, expectation: TraceExpectation): Finding[] {
  const present = trace.services;
  const expected = new Set(expectation.services);
  const missing = [...expected].filter((service) => !present.has(service));
  const findings = missing.map(
    (service): Finding => ({ kind: "missing", message: `no span of service ${service}` }),
  );
  if (expectation.unexpected !== "forbid" || expectation.services === undefined) return findings;
  const others = [...present].filter((service) => !expected.has(service));
  return [
    ...findings,
    ...others.map(
      (service): Finding => ({ kind: "unexpected", message: `service ${service} takes part` }),
    ),
  ];
}

function edgeFindings(trace: TraceFacts, expectation: TraceExpectation): Finding[] {
  const present = trace.edges();
  const expected = expectation.edges ?? [];
  const findings: Finding[] = [];
  for (const [caller, callee] of expected)
    if (!present.has(edgeName(caller, callee))) findings.push(missingEdge(trace, caller, callee));
  if (expectation.unexpected !== "forbid" || expectation.edges === undefined) return findings;
  const names = new Set(expected.map(([caller, callee]) => edgeName(caller, callee)));
  for (const edge of present.keys())
    if (!names.has(edge)) findings.push({ kind: "unexpected", message: `${edge} is called` });
  return findings;
}

/** Says where the call got lost: a half that is there points at the propagation between the two. */
function missingEdge(trace: TraceFacts, caller: string, callee: string): Finding {
  const edge = edgeName(caller, callee);
  const open = trace.spans.find(
    (span) =>
      span.service === caller &&
      (span.kind === "client" || span.kind === "producer") &&
      trace.childrenOf(span).length === 0,
  );
  if (!trace.services.has(caller))
    return { kind: "missing", message: `${edge}: no span of ${caller}` };
  if (trace.services.has(callee))
    return {
      kind: "broken-propagation",
      message: `${edge}: both take part, but no span of ${callee} hangs under one of ${caller}`,
    };
  if (open === undefined)
    return { kind: "missing", message: `${edge}: ${caller} makes no call that ends outside it` };
  return about(
    open,
    "broken-propagation",
    `${edge}: ${describeSpan(open)} has no other half; the context was not passed on, or ${callee}'s spans did not arrive`,
  );
}

function spanFindings(trace: TraceFacts, expected: SpanExpectation): Finding[] {
  const found = trace.spans.filter((span) => matchesSpan(span, expected));
  const range = expected.count ?? ONCE_OR_MORE;
  if (found.length === 0 && range.min > 0)
    return [
      { kind: "missing", message: `no ${describeMatch(expected)}${nearMiss(trace, expected)}` },
    ];
  const findings = found.flatMap((span) => [
    ...parentFindings(trace, span, expected),
    ...valueFindings(span, "attribute", span.attributes, expected.attributes),
    ...valueFindings(span, "resource attribute", span.resource, expected.resource),
    ...slowFindings(span, expected.maxDurationNano),
  ]);
  if (isInRange(found.length, range)) return findings;
  const kind = found.length > range.max ? "unexpected" : "count";
  return [
    ...findings,
    {
      kind,
      message: `${found.length} times ${describeMatch(expected)}, expected ${rangeText(range)}`,
    },
  ];
}

/** What differs in the span that comes closest: most missing spans are there under another name or status. */
function nearMiss(trace: TraceFacts, expected: SpanExpectation): string {
  const { status: _, ...withoutStatus } = expected;
  const byStatus = trace.spans.find((span) => matchesSpan(span, withoutStatus));
  if (expected.status !== undefined && byStatus !== undefined)
    return `; there is one with status ${byStatus.status}`;
  const { kind: __, ...withoutKind } = expected;
  const byKind = trace.spans.find((span) => matchesSpan(span, withoutKind));
  if (expected.kind !== undefined && byKind !== undefined)
    return `; there is one of kind ${byKind.kind}`;
  const { service } = expected;
  if (service === undefined) return "";
  const ofService = trace.spans.filter((span) => matchesSpan(span, { service }));
  const names = ofService.map(({ name }) => JSON.stringify(name));
  if (names.length === 0) return "; the service has no spans in this trace";
  return `; the service has ${[...new Set(names)].slice(0, 5).join(", ")}`;
}

function parentFindings(trace: TraceFacts, span: SpanFacts, expected: SpanExpectation): Finding[] {
  const match = expected.parent;
  if (match === undefined) return [];
  const parent = trace.parentOf(span);
  if (match === "root") {
    if (span.parentSpanId === "") return [];
    return [
      about(
        span,
        "mis-parented",
        `${describeSpan(span)} should be a root, and is a child of ${parent === undefined ? "a span that is not there" : describeSpan(parent)}`,
      ),
    ];
  }
  const above = [parent ?? [], trace.linkedBy(span)].flat();
  if (above.some((one) => matchesSpan(one, match))) return [];
  return [
    about(
      span,
      "mis-parented",
      `${describeSpan(span)} should be a child of ${describeMatch(match)}, and ${parentText(span, parent)}`,
    ),
  ];
}

function parentText(span: SpanFacts, parent: SpanFacts | undefined): string {
  if (parent !== undefined) return `is one of ${describeSpan(parent)}`;
  return span.parentSpanId === "" ? "is a root" : "its parent is not there";
}

function valueFindings(
  span: SpanFacts,
  what: string,
  values: Readonly<Record<string, FactValue>>,
  expected: Readonly<Record<string, ValueMatch>> | undefined,
): Finding[] {
  return Object.entries(expected ?? {})
    .filter(
      ([key, match]) => !matchesValue(Object.hasOwn(values, key) ? values[key] : undefined, match),
    )
    .map(([key, match]) => {
      const actual = Object.hasOwn(values, key) ? describeValue(values[key]) : "absent";
      return about(
        span,
        "attribute",
        `${what} ${key} of ${describeSpan(span)} is ${actual}, expected ${describeValue(match)}`,
      );
    });
}

function slowFindings(span: SpanFacts, maxNano: number | undefined): Finding[] {
  if (maxNano === undefined || span.durationNano <= maxNano) return [];
  return [
    about(
      span,
      "slow",
      `${describeSpan(span)} took ${milliseconds(span.durationNano)}, at most ${milliseconds(maxNano)} expected`,
    ),
  ];
}

function totalFindings(trace: TraceFacts, expectation: TraceExpectation): Finding[] {
  const findings: Finding[] = [];
  const { spanCount, maxDurationNano, errors = NONE } = expectation;
  if (spanCount !== undefined && !isInRange(trace.spans.length, spanCount))
    findings.push({
      kind: "count",
      message: `${trace.spans.length} spans, expected ${rangeText(spanCount)}`,
    });
  if (maxDurationNano !== undefined && trace.durationNano > maxDurationNano)
    findings.push({
      kind: "slow",
      message: `the trace took ${milliseconds(trace.durationNano)}, at most ${milliseconds(maxDurationNano)} expected`,
    });
  const failed = trace.spans.filter(({ status }) => status === "error");
  if (isInRange(failed.length, errors)) return findings;
  const names = failed.slice(0, 3).map(describeSpan).join(", ");
  const which = names === "" ? "" : `: ${names}`;
  return [
    ...findings,
    {
      kind: "error",
      message: `${failed.length} spans with an error, expected ${rangeText(errors)}${which}`,
    },
  ];
}

function milliseconds(nano: number): string {
  return `${Number((nano / 1e6).toPrecision(3))} ms`;
}

function about(span: SpanFacts, kind: Finding["kind"], message: string): Finding {
  return { kind, message, traceId: span.traceId, spanId: span.spanId };
}
