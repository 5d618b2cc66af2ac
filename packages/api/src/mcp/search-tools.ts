// Tools that find: services, traces by TraceQL, metrics by TraceQL, RED over time, attributes and their values.

import { ClewError } from "@clew/base";
import type { NamedValue, ResultTrace, TypedValue } from "@clew/model";
import { parse } from "@clew/traceql";
import { z } from "zod";
import { stepNano } from "../native/range.ts";
import { fieldOfTag } from "../tempo/field-names.ts";
import { goDuration } from "../tempo/time.ts";
import { bounded, clipped, durationText, numberText, timeText } from "./answer-text.ts";
import { rangeInput, rangeOf, type Tool, tool } from "./tool.ts";

const narrower = "Ask for a shorter range or fewer results.";
/** Points of a series that are shown. */
const mostPoints = 60;
const mostSeries = 20;

const listServices = tool({
  name: "list_services",
  title: "List services",
  description:
    "Services that sent spans in a time range, with request rate, error rate and latency percentiles. Start here to learn what runs.",
  input: z.object(rangeInput),
  async run(input, { reader, tenant, nowNano, signal }) {
    const services = await reader.services({ tenant, range: rangeOf(input, nowNano) }, signal);
    if (services.length === 0) return "No service sent spans in this range.";
    const lines = services.map(
      (one) =>
        `${one.service}: ${numberText(one.ratePerSecond)} ${one.basis}/s, ${numberText(one.errorRate * 100)}% errors, p50 ${durationText(one.p50Nano)}, p95 ${durationText(one.p95Nano)}, p99 ${durationText(one.p99Nano)}`,
    );
    return bounded(lines, narrower);
  },
});

const searchTraces = tool({
  name: "search_traces",
  title: "Search traces",
  description:
    'Traces that match a TraceQL query, such as { resource.service.name = "web" && status = error }. For counts, rates or percentiles use query_metrics; for the language traceql_help; for one trace trace_overview.',
  input: z.object({
    query: z.string().describe("A TraceQL query that selects spans or traces."),
    ...rangeInput,
    limit: z.int().min(1).max(50).default(10),
    sort: z.enum(["newest", "slowest"]).default("newest"),
  }),
  async run(input, { traceql, tenant, nowNano, signal }) {
    const query = parse(input.query);
    if (query.kind === "metrics")
      throw new ClewError("bad_request", "this is a metrics query; use the tool query_metrics");
    const range = rangeOf(input, nowNano);
    const { sort, limit } = input;
    const search = { tenant, range, query, sort, limit, spansPerSpanset: 3 };
    const { traces, nextCursor } = await traceql.search(search, signal);
    if (traces.length === 0)
      return "No trace matches in this range. Try a longer range, or list_attribute_values for the values that exist.";
    const lines = traces.flatMap(traceLines);
    if (nextCursor !== undefined) lines.push(`[more traces match than the ${limit} shown]`);
    return bounded(lines, narrower);
  },
});

function traceLines(trace: ResultTrace): string[] {
  const root =
    trace.rootService === undefined
      ? "(root span missing)"
      : `${trace.rootService} ${trace.rootName ?? ""}`;
  const head = `trace ${trace.traceId}: ${clipped(root, 200)}, ${durationText(Number(trace.durationNano))}, ${trace.spanCount} spans, ${trace.errorCount} errors, ${timeText(BigInt(trace.startUnixNano))}`;
  const spans = trace.spansets.flatMap(({ spans: some, matched, values }) => [
    ...(values.length === 0 ? [] : [`  ${valuesText(values)}`]),
    ...some.map(
      ({ spanId, name, durationNano, values: own }) =>
        `  span ${spanId}: ${clipped(name, 200)}, ${durationText(Number(durationNano))}${own.length === 0 ? "" : `, ${valuesText(own)}`}`,
    ),
    ...(matched > some.length ? [`  [${matched - some.length} more matching spans]`] : []),
  ]);
  return [head, ...spans];
}

function valuesText(values: readonly NamedValue[]): string {
  return values.map(({ name, value }) => `${name}=${clipped(typedText(value), 200)}`).join(", ");
}

function typedText(value: TypedValue): string {
  if (value.type === "nil") return "nil";
  if (value.type === "array") return `[${value.value.map(typedText).join(", ")}]`;
  return value.type === "duration" ? goDuration(BigInt(value.value)) : String(value.value);
}

const queryMetrics = tool({
  name: "query_metrics",
  title: "Query metrics",
  description:
    "A TraceQL metrics query, such as { status = error } | rate() by (resource.service.name), over time or (instant) as one value. To find the traces themselves use search_traces.",
  input: z.object({
    query: z.string().describe("A TraceQL query that ends with a metrics function."),
    ...rangeInput,
    instant: z.boolean().default(false).describe("One value over the whole range."),
  }),
  async run(input, { traceql, tenant, nowNano, signal }) {
    const query = parse(input.query);
    if (query.kind !== "metrics")
      throw new ClewError(
        "bad_request",
        "this is a search, not a metrics query; use the tool search_traces",
      );
    const range = rangeOf(input, nowNano);
    const step = input.instant
      ? {}
      : { stepNano: BigInt(roundStep(range.endNano - range.startNano)) };
    const question = { tenant, range, query, exemplars: 0, maxSeries: mostSeries, ...step };
    const { series, partial } = await traceql.metrics(question, signal);
    if (series.length === 0) return "No spans in this range.";
    const lines = series.slice(0, mostSeries).map(({ labels, samples }) => {
      const points = samples.map(({ timeMs, value }) =>
        input.instant ? numberText(value) : `${clockText(timeMs)}=${numberText(value)}`,
      );
      return `{${valuesText(labels)}} ${points.join(" ")}`;
    });
    const cut = series.length > mostSeries || partial !== undefined;
    if (cut) lines.push(`[more than ${mostSeries} series; group by less or add topk]`);
    return bounded(lines, narrower);
  },
});

/** Nanoseconds that make at most so many points, at whole seconds. */
function roundStep(width: bigint): number {
  const second = 1_000_000_000;
  return Math.max(1, Math.ceil(Number(width) / mostPoints / second)) * second;
}

function clockText(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 19);
}

const redSeries = tool({
  name: "red_series",
  title: "Rate, errors, durations",
  description:
    "Requests, errors and latency percentiles over time, of all services, one service, or one of its operations. Cheap: from rollups.",
  input: z.object({
    service: z.string().optional(),
    operation: z.string().optional().describe("Span name; needs the service."),
    ...rangeInput,
  }),
  async run({ service, operation, ...given }, { reader, tenant, nowNano, signal }) {
    if (operation !== undefined && service === undefined)
      throw new ClewError("bad_request", "an operation needs its service", {
        hint: "list_services knows the services",
      });
    const range = rangeOf(given, nowNano);
    const filter = {
      attributes: [],
      ...(service === undefined ? {} : { service }),
      ...(operation === undefined ? {} : { operation }),
    };
    const width = Number(range.endNano - range.startNano);
    const step = stepNano(range, Math.max(60_000_000_000, Math.ceil(width / mostPoints)));
    const red = await reader.red({ tenant, range, filter, stepNano: step }, signal);
    if (red.count.every((count) => count === 0)) return "Nothing in this range.";
    const start = Number(BigInt(red.startUnixNano) / 1_000_000n);
    const lines = red.count.map((count, i) => {
      const quantiles = [red.p50Nano, red.p95Nano, red.p99Nano].map((all) =>
        durationText(all[i] ?? 0),
      );
      return `${clockText(start + (i * red.stepNano) / 1e6)} ${numberText(count)} ${numberText(red.errorCount[i] ?? 0)} ${quantiles.join(" ")}`;
    });
    const head = `time, requests, errors, p50, p95, p99; each line stands for ${durationText(red.stepNano)}`;
    return bounded([head, ...lines], narrower);
  },
});

const listAttributes = tool({
  name: "list_attributes",
  title: "List attributes",
  description: "Names of attributes and intrinsics by scope, for use in TraceQL.",
  input: z.object({
    scope: z.enum(["span", "resource", "event", "link", "instrumentation", "intrinsic"]).optional(),
    ...rangeInput,
  }),
  async run({ scope, ...given }, { traceql, tenant, nowNano, signal }) {
    const common = { tenant, range: rangeOf(given, nowNano), limit: 500 };
    const question = scope === undefined ? common : { ...common, scope };
    const { scopes } = await traceql.tagNames(question, signal);
    const lines = scopes.map(({ scope: name, names }) => `${name}: ${names.join(", ")}`);
    return bounded(lines, "Ask for one scope.");
  },
});

const listAttributeValues = tool({
  name: "list_attribute_values",
  title: "List values of an attribute",
  description:
    "The most frequent values of an attribute or intrinsic, such as resource.service.name, span.http.route, status.",
  input: z.object({
    name: z
      .string()
      .describe("With its scope: span.http.route, resource.service.name; or an intrinsic."),
    ...rangeInput,
    limit: z.int().min(1).max(500).default(50),
  }),
  async run({ name, limit, ...given }, { traceql, tenant, nowNano, signal }) {
    const range = rangeOf(given, nowNano);
    const { values } = await traceql.tagValues(
      { tenant, range, limit, field: fieldOfTag(name) },
      signal,
    );
    if (values.length === 0)
      return `No values of ${name} in this range; list_attributes knows the names.`;
    return bounded(
      values.map(({ value, type }) => `${clipped(value, 200)} (${type})`),
      narrower,
    );
  },
});

export const searchTools: readonly Tool[] = [
  listServices,
  searchTraces,
  queryMetrics,
  redSeries,
  listAttributes,
  listAttributeValues,
];
