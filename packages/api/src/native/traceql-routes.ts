// TraceQL in the native API: searches, series, names and values for completion, and a check without running.

import { ClewError } from "@clew/base";
import type { TagNames } from "@clew/model";
import {
  parse,
  parseFilter,
  print,
  type SpansetExpression,
  TraceqlError,
  tokens,
} from "@clew/traceql";
import { z } from "zod";
import { jsonWithList } from "../http/json-list.ts";
import { fieldOfTag } from "../tempo/field-names.ts";
import {
  catalogueParameters,
  type Parameter,
  rangeParameters,
  searchParameters,
  seriesParameters,
} from "./parameters.ts";
import { stepNano, timeRange } from "./range.ts";
import { json, none, questionErrors, type Route, route } from "./route.ts";
import {
  checkAnswer,
  tagNamesAnswer,
  tagScope,
  tagValuesAnswer,
  traceqlMetricsAnswer,
  traceqlSearchAnswer,
} from "./traceql-answers.ts";

/** A query is refused by its parser when it is longer than it takes; this only bounds what is read. */
const longestQuery = 256 * 1024;

function queryText(description: string): Parameter<string> {
  return z.string().min(1).max(longestQuery).describe(description);
}

function wholeNumber(least: number, most: number, otherwise: number): Parameter<number> {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.preprocess(
    (value) => (typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value),
    z.int(message).min(least, message).max(most, message).default(otherwise),
  );
}

const queryParameter: Parameter<string> = queryText("A TraceQL query.");
const filterParameter: Parameter<string | undefined> = queryText(
  "Only spans for which this TraceQL filter holds count; of a half-typed one, the conditions that can be read.",
).optional();
const scopeParameter: Parameter<TagNames["scope"] | undefined> = tagScope
  .optional()
  .describe("Only names of this scope.");

const searchQuery = z.strictObject({
  q: queryParameter,
  ...rangeParameters,
  sort: searchParameters.sort,
  limit: searchParameters.limit,
  spans: wholeNumber(1, 10_000, 3).describe("Spans shown of each spanset, the first by start."),
  cursor: searchParameters.cursor,
});

const metricsQuery = z.strictObject({
  q: queryParameter,
  ...rangeParameters,
  step: seriesParameters.step.describe(
    "Width of a step, a duration; at most 5,000 steps. By default about 120 steps are made.",
  ),
  instant: z
    .enum(["true", "false"])
    .default("false")
    .describe("One value over the whole range instead of steps."),
  exemplars: wholeNumber(0, 1000, 0).describe("Exemplars at most, over all series."),
  series: wholeNumber(1, 10_000, 1000).describe("Series at most."),
});

const tagsQuery = z.strictObject({
  ...rangeParameters,
  scope: scopeParameter,
  filter: filterParameter,
  limit: catalogueParameters.limit,
});

const tagValuesQuery = z.strictObject({
  field: queryText(
    "A full reference: `span.http.route`, `.http.route`, `resource.service.name`, `name`, `status`.",
  ),
  ...rangeParameters,
  filter: filterParameter,
  prefix: catalogueParameters.prefix,
  limit: catalogueParameters.limit,
});

const checkQuery = z.strictObject({ q: queryParameter });

const search = route({
  operationId: "searchByTraceql",
  path: "/traceql/search",
  summary: "Traces that a TraceQL query finds.",
  parameters: none,
  query: searchQuery,
  answers: json("A page of traces.", traceqlSearchAnswer),
  errors: questionErrors,
  handle: async ({ traceql, tenant, query: given, nowNano, signal }) => {
    const query = parse(given.q);
    if (query.kind !== "spans") {
      throw new ClewError("bad_request", "this query gives series, not traces", {
        hint: "ask /api/v1/traceql/metrics",
      });
    }
    const { sort, limit, spans, cursor } = given;
    const range = timeRange(given, nowNano);
    const page = cursor === undefined ? {} : { cursor };
    const result = await traceql.search(
      { tenant, range, query, sort, limit, spansPerSpanset: spans, ...page },
      signal,
    );
    return jsonWithList(result, "traces");
  },
});

const metrics = route({
  operationId: "getTraceqlMetrics",
  path: "/traceql/metrics",
  summary: "Series of a TraceQL metrics query.",
  parameters: none,
  query: metricsQuery,
  answers: json("The series.", traceqlMetricsAnswer),
  errors: questionErrors,
  handle: async ({ traceql, tenant, query: given, nowNano, signal }) => {
    const query = parse(given.q);
    if (query.kind !== "metrics") {
      throw new ClewError("bad_request", "this query gives traces, not series", {
        hint: "add a function, such as | rate(), or ask /api/v1/traceql/search",
      });
    }
    const range = timeRange(given, nowNano);
    const { exemplars, series, instant } = given;
    const steps =
      instant === "true" ? {} : { stepNano: BigInt(Math.round(stepNano(range, given.step))) };
    const result = await traceql.metrics(
      { tenant, range, query, exemplars, maxSeries: series, ...steps },
      signal,
    );
    return jsonWithList(result, "series");
  },
});

const tags = route({
  operationId: "listTags",
  path: "/traceql/tags",
  summary: "Names of attributes and intrinsics by scope, for completion.",
  parameters: none,
  query: tagsQuery,
  answers: json("The names, the most used first.", tagNamesAnswer),
  errors: questionErrors,
  handle: async ({ traceql, tenant, query: given, nowNano, signal }) => {
    const { scope, limit } = given;
    const asked = { tenant, range: timeRange(given, nowNano), limit, ...filterOf(given.filter) };
    const names = scope === undefined ? asked : { ...asked, scope };
    return await traceql.tagNames(names, signal);
  },
});

const tagValues = route({
  operationId: "listTagValues",
  path: "/traceql/tag-values",
  summary: "Values of a field, for completion.",
  parameters: none,
  query: tagValuesQuery,
  answers: json("The values, the most frequent first.", tagValuesAnswer),
  errors: questionErrors,
  handle: async ({ traceql, tenant, query: given, nowNano, signal }) => {
    const { prefix, limit } = given;
    const field = fieldOfTag(given.field);
    const range = timeRange(given, nowNano);
    const asked = { tenant, range, limit, field, prefix, ...filterOf(given.filter) };
    return await traceql.tagValues(asked, signal);
  },
});

const check = route({
  operationId: "checkTraceql",
  path: "/traceql/check",
  summary: "Whether a text is a TraceQL query, and what its parts are. Nothing is read.",
  parameters: none,
  query: checkQuery,
  answers: json("The query's kind, or what is wrong and where.", checkAnswer),
  errors: ["bad_request"],
  handle: async ({ query: { q } }) => {
    try {
      const query = parse(q);
      return { kind: query.kind, text: print(query), tokens: tokens(q) };
    } catch (error) {
      if (!(error instanceof TraceqlError)) throw error;
      const { reason, hint, place, expected } = error;
      const about = hint === undefined ? {} : { hint };
      return { tokens: tokens(q), error: { message: reason, ...about, at: place, expected } };
    }
  },
});

/** Askers send what is typed so far: what cannot be read of it filters nothing. */
function filterOf(text: string | undefined): { readonly filter?: SpansetExpression } {
  const filter = text === undefined ? undefined : parseFilter(text);
  return filter === undefined ? {} : { filter };
}

export const traceqlRoutes: readonly Route[] = [search, metrics, tags, tagValues, check];
