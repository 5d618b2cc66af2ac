// The routes of the native API except those of a single trace, which are in trace-routes.ts.

import { nameOfSegment } from "@clew/base";
import { z } from "zod";
import * as answers from "./answers.ts";
import { openApiDocument } from "./openapi.ts";
import {
  catalogueParameters,
  nameParameter,
  rangeParameters,
  searchParameters,
  seriesParameters,
} from "./parameters.ts";
import { spanFilter, stepNano, timeRange } from "./range.ts";
import { json, none, questionErrors, type Route, route } from "./route.ts";
import { samplingRoutes } from "./sampling-routes.ts";
import { traceRoutes } from "./trace-routes.ts";
import { traceqlRoutes } from "./traceql-routes.ts";

const rangeQuery = z.strictObject(rangeParameters);
const seriesQuery = z.strictObject(seriesParameters);
const catalogueQuery = z.strictObject(catalogueParameters);

const health = route({
  operationId: "getHealth",
  path: "/health",
  summary: "Whether the process is ready to take spans and to answer.",
  parameters: none,
  query: none,
  answers: {
    200: { description: "Ready.", content: { "application/json": answers.readyAnswer } },
    503: { description: "Not ready.", content: { "application/json": answers.notReadyAnswer } },
  },
  errors: [],
  handle: async ({ options, reply }) => {
    const { status, reasons } = options.health();
    const about = {
      version: options.version,
      uptimeSeconds: Math.round(process.uptime() * 1000) / 1000,
    };
    void reply.header("cache-control", "no-store");
    if (status === "ok") return { status, ...about };
    void reply.code(503).header("retry-after", "1");
    return { status, ...about, reasons };
  },
});

const openapi = route({
  operationId: "getOpenApi",
  path: "/openapi.json",
  summary: "This document.",
  parameters: none,
  query: none,
  answers: json("An OpenAPI 3.1 document.", z.looseObject({ openapi: z.string() })),
  errors: [],
  handle: async ({ options }) => openApiDocument(nativeRoutes, options.version),
});

const services = route({
  operationId: "listServices",
  path: "/services",
  summary: "Services with their rate, errors and durations.",
  parameters: none,
  query: rangeQuery,
  answers: json("The services that sent spans in the range.", answers.servicesAnswer),
  errors: questionErrors,
  handle: async ({ reader, tenant, query, nowNano, signal }) => ({
    services: await reader.services({ tenant, range: timeRange(query, nowNano) }, signal),
  }),
});

const operations = route({
  operationId: "listOperations",
  path: "/services/:service/operations",
  summary: "Operations of a service, most requests first.",
  parameters: z.strictObject({
    service: nameParameter("`service.name`; `.` and `..` are written `~.` and `~..`."),
  }),
  query: rangeQuery,
  answers: json(
    "The operations; empty when the service sent no spans in the range.",
    answers.operationsAnswer,
  ),
  errors: questionErrors,
  handle: async ({ reader, tenant, path, query, nowNano, signal }) => {
    const range = timeRange(query, nowNano);
    return {
      operations: await reader.operations(
        { tenant, range, service: nameOfSegment(path.service) },
        signal,
      ),
    };
  },
});

const search = route({
  operationId: "searchTraces",
  path: "/traces",
  summary: "Traces with a span that meets all conditions.",
  parameters: none,
  query: z.strictObject(searchParameters),
  answers: json("A page of traces.", answers.searchResult),
  errors: questionErrors,
  handle: ({ reader, tenant, query, nowNano, signal }) => {
    const { sort, limit, cursor } = query;
    const range = timeRange(query, nowNano);
    const page = cursor === undefined ? {} : { cursor };
    return reader.search(
      { tenant, range, filter: spanFilter(query), sort, limit, ...page },
      signal,
    );
  },
});

const red = route({
  operationId: "getRed",
  path: "/red",
  summary: "Rate, errors and durations over time.",
  parameters: none,
  query: seriesQuery,
  answers: json("One point a step.", answers.redSeries),
  errors: questionErrors,
  handle: ({ reader, tenant, query, nowNano, signal }) => {
    const range = timeRange(query, nowNano);
    const step = stepNano(range, query.step);
    return reader.red({ tenant, range, filter: spanFilter(query), stepNano: step }, signal);
  },
});

const heatmap = route({
  operationId: "getHeatmap",
  path: "/heatmap",
  summary: "Durations over time as a heat map.",
  parameters: none,
  query: seriesQuery,
  answers: json("One column a step.", answers.heatmap),
  errors: questionErrors,
  handle: ({ reader, tenant, query, nowNano, signal }) => {
    const range = timeRange(query, nowNano);
    const step = stepNano(range, query.step);
    return reader.heatmap({ tenant, range, filter: spanFilter(query), stepNano: step }, signal);
  },
});

const serviceMap = route({
  operationId: "getServiceMap",
  path: "/service-map",
  summary: "Who calls whom: services, databases, queues and other peers.",
  parameters: none,
  query: rangeQuery,
  answers: json("Nodes and edges.", answers.serviceMap),
  errors: questionErrors,
  handle: ({ reader, tenant, query, nowNano, signal }) =>
    reader.serviceMap({ tenant, range: timeRange(query, nowNano) }, signal),
});

const traceHealth = route({
  operationId: "getTraceHealth",
  path: "/trace-health",
  summary:
    "How whole the traces are: orphans, calls that lost their context, clocks that disagree; from a sample.",
  parameters: none,
  query: rangeQuery,
  answers: json(
    "Counts of the sample. Spans of the last half minute may miss relatives that are on the way.",
    answers.traceHealth,
  ),
  errors: questionErrors,
  handle: ({ reader, tenant, query, nowNano, signal }) =>
    reader.traceHealth({ tenant, range: timeRange(query, nowNano) }, signal),
});

const attributes = route({
  operationId: "listAttributes",
  path: "/attributes",
  summary: "Attribute keys, for completion.",
  parameters: none,
  query: catalogueQuery,
  answers: json("Keys that begin with the prefix.", answers.attributeKeysAnswer),
  errors: questionErrors,
  handle: async ({ reader, tenant, query, nowNano, signal }) => {
    const { scope, prefix, limit } = query;
    const range = timeRange(query, nowNano);
    return {
      keys: await reader.attributeKeys({ tenant, range, scope, prefix, limit }, signal),
    };
  },
});

const attributeValues = route({
  operationId: "listAttributeValues",
  path: "/attributes/:key/values",
  summary: "Common values of an attribute, for completion.",
  parameters: z.strictObject({
    key: nameParameter("Attribute key; `.` and `..` are written `~.` and `~..`."),
  }),
  query: catalogueQuery,
  answers: json("Values that begin with the prefix.", answers.attributeValuesAnswer),
  errors: questionErrors,
  handle: async ({ reader, tenant, path, query, nowNano, signal }) => {
    const { scope, prefix, limit } = query;
    const range = timeRange(query, nowNano);
    const question = { tenant, range, scope, prefix, limit, key: nameOfSegment(path.key) };
    return { values: await reader.attributeValues(question, signal) };
  },
});

/** Every route of the native API, in the document's order. */
export const nativeRoutes: readonly Route[] = [
  health,
  openapi,
  services,
  operations,
  search,
  ...traceRoutes,
  red,
  heatmap,
  serviceMap,
  traceHealth,
  attributes,
  attributeValues,
  ...traceqlRoutes,
  ...samplingRoutes,
];
