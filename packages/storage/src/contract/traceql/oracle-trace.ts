// Traces as the oracle sees them: plain objects with their parents resolved. The oracle is the language's
// meaning written down as simply as can be, to compare the planner's answers with; speed does not count.

import {
  type SpanKindName,
  type StatusCodeName,
  spanKindNames,
  statusCodeNames,
} from "@clew/model";
import type { JsonAttributes, JsonSpan, JsonValue } from "../../planner/sample-store.ts";
import { NOON } from "../store-in-hand.ts";

/** A value with its type, undefined for nil. */
export type Value =
  | { readonly type: "string" | "status" | "kind"; readonly value: string }
  | { readonly type: "int" | "duration"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "array"; readonly value: readonly Value[] }
  | undefined;

export type Values = ReadonlyMap<string, Value>;

export interface OracleEvent {
  readonly name: string;
  /** Nanoseconds since the span's start. */
  readonly after: bigint;
  readonly attributes: Values;
}

export interface OracleLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Values;
}

export interface OracleSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly name: string;
  readonly kind: SpanKindName;
  readonly status: StatusCodeName;
  readonly message: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly duration: bigint;
  readonly attributes: Values;
  readonly resource: Values;
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: Values };
  readonly events: readonly OracleEvent[];
  readonly links: readonly OracleLink[];
  readonly trace: OracleTrace;
  /** The first span by start with the id of the parent. */
  parent: OracleSpan | undefined;
  readonly children: OracleSpan[];
  nested: { left: number; right: number; parent: number };
}

export interface OracleTrace {
  readonly id: string;
  /** By start. */
  readonly spans: OracleSpan[];
  /** The first span without a parent's id. */
  root: OracleSpan | undefined;
}

/** Groups spans into traces. */
export function oracleTraces(spans: readonly JsonSpan[]): OracleTrace[] {
  const traces = new Map<string, OracleTrace>();
  for (const span of spans) {
    const id = (span.trace ?? "").padStart(32, "0");
    const trace = traces.get(id) ?? { id, spans: [], root: undefined };
    traces.set(id, trace);
    trace.spans.push(oracleSpan(span, trace));
  }
  for (const trace of traces.values()) connect(trace);
  return [...traces.values()];
}

function oracleSpan(span: JsonSpan, trace: OracleTrace): OracleSpan {
  return {
    traceId: trace.id,
    spanId: (span.span ?? "").padStart(16, "0"),
    parentId: span.parent?.padStart(16, "0"),
    name: span.name ?? "work",
    kind: spanKindNames[span.kind ?? 1] ?? "unspecified",
    status: statusCodeNames[span.status ?? 0] ?? "unset",
    message: span.message ?? "",
    start: NOON + (span.start ?? 0n),
    duration: span.duration ?? 1_000_000n,
    attributes: valuesOf(span.attributes),
    resource: valuesOf(span.resource ?? { "service.name": "shop" }),
    scope: {
      name: span.scope?.name ?? "",
      version: span.scope?.version ?? "",
      attributes: valuesOf(span.scope?.attributes),
    },
    events: (span.events ?? []).map((event) => ({
      name: event.name ?? "event",
      after: event.after ?? 0n,
      attributes: valuesOf(event.attributes),
    })),
    links: (span.links ?? []).map((link) => ({
      traceId: (link.trace ?? "1").padStart(32, "0"),
      spanId: (link.span ?? "1").padStart(16, "0"),
      attributes: valuesOf(link.attributes),
    })),
    trace,
    parent: undefined,
    children: [],
    nested: { left: 0, right: 0, parent: 0 },
  };
}

function valuesOf(attributes: JsonAttributes = {}): Values {
  return new Map(Object.entries(attributes).map(([key, value]) => [key, valueOf(value)]));
}

function valueOf(value: JsonValue): Value {
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "bigint") return { type: "int", value };
  if (typeof value === "number") return { type: "float", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (Array.isArray(value)) return { type: "array", value: value.map(valueOf) };
  return undefined;
}

function connect(trace: OracleTrace): void {
  trace.spans.sort((a, b) => (a.start < b.start ? -1 : 1));
  trace.root = trace.spans.find((span) => span.parentId === undefined);
  for (const span of trace.spans) {
    span.parent = trace.spans.find((other) => other.spanId === span.parentId);
    span.parent?.children.push(span);
  }
  let number = 1;
  const visit = (span: OracleSpan, parent: number): void => {
    span.nested = { left: number++, right: 0, parent };
    for (const child of span.children) visit(child, span.nested.left);
    span.nested.right = number++;
  };
  for (const span of trace.spans) if (span.parentId === undefined) visit(span, -1);
}
