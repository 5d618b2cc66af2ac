// Whatever is asked of the Jaeger and Zipkin APIs, the answer is data or says what is wrong with the
// question; never an error of ours, and never a hang.

import fc from "fast-check";
import { expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { jaegerApi } from "../jaeger/plugin.ts";
import { cartTrace, now, shop } from "../native/testing/shop.ts";
import { zipkinApi } from "../zipkin/plugin.ts";

const { reader } = shop();
const server = createApiServer();
server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => now });
server.register(zipkinApi, { prefix: "/zipkin", reader: () => reader, now: () => now });

const jaegerPaths = [
  "services",
  "services/web/operations",
  "operations",
  "traces",
  `traces/${cartTrace}`,
  "dependencies",
  "metrics/latencies",
  "metrics/calls",
  "v3/operations",
  "v3/traces",
  "v3/trace-summaries",
  "v3/dependencies",
].map((path) => `/jaeger/api/${path}`);
const zipkinPaths = [
  "services",
  "spans",
  "remoteServices",
  "traces",
  "traceMany",
  "dependencies",
  "autocompleteKeys",
  "autocompleteValues",
].map((path) => `/zipkin/api/v2/${path}`);

const names = (
  "service operation spanKind start end lookback limit minDuration maxDuration tag tags traceID raw endTs step " +
  "quantile groupByOperation ratePer startTime endTime query.serviceName query.operationName query.attributes " +
  "query.startTimeMin query.startTimeMax query.durationMin query.searchDepth serviceName spanName " +
  "remoteServiceName annotationQuery traceIds key __proto__"
).split(" ");

const value = fc.oneof(
  fc.constantFrom(
    "web",
    "server",
    "0",
    "-1",
    "60000",
    "9223372036854775807",
    "-9223372036854775808",
    "1e9",
    "1.5s",
    "0.75",
    "true",
    '{"a":"b"}',
    "a=b and c",
    "a:b",
    "2026-01-02T03:04:05.123456789Z",
    "2262-04-11T23:47:16.854775807Z",
    cartTrace,
    "'; DROP TABLE spans; --",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);
const query = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 6 });

test("any parameters at any route", async () => {
  const path = fc.constantFrom(...jaegerPaths, ...zipkinPaths);
  await fc.assert(
    fc.asyncProperty(path, query, async (url, pairs) => {
      const text = new URLSearchParams(pairs).toString();
      const { statusCode } = await server.inject(`${url}?${text}`);
      expect([200, 400, 404]).toContain(statusCode);
    }),
    { numRuns: 600 },
  );
});

test("any text in place of a trace id or a service", async () => {
  const path = fc.constantFrom(
    "/jaeger/api/traces/",
    "/jaeger/api/v3/traces/",
    "/zipkin/api/v2/trace/",
    "/jaeger/api/services/",
  );
  await fc.assert(
    fc.asyncProperty(path, fc.string({ unit: "binary", maxLength: 40 }), async (url, text) => {
      const tail = url.endsWith("services/") ? "/operations" : "";
      const { statusCode } = await server.inject(`${url}${encodeURIComponent(text)}${tail}`);
      expect([200, 400, 404]).toContain(statusCode);
    }),
    { numRuns: 300 },
  );
});

test("any bytes in place of a percent-encoded path", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 20 }), async (text) => {
      const tail = text.replace(/[^!-~]/g, "%");
      const { statusCode } = await server.inject(`/zipkin/api/v2/trace/${tail}`);
      expect([400, 404]).toContain(statusCode);
    }),
  );
});
