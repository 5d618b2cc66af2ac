// Prometheus' HTTP API for RED and service-graph metrics, under the prefix that the plugin is registered with:
// https://prometheus.io/docs/prometheus/latest/querying/api/

import type { Readable } from "node:stream";
import { ClewError } from "@clew/base";
import type { RedSeriesReader } from "@clew/storage";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOtherMethods, refuseOtherPaths } from "../http/closed-routes.ts";
import { disconnectSignal } from "../http/disconnect.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { jsonList } from "../http/json-list.ts";
import { tenantOf } from "../http/tenant.ts";
import { metricsContentType, renderMetrics } from "../metrics/exposition.ts";
import { labelNames, labelValues, metadata, seriesIn, wholeRange } from "./catalogue.ts";
import { exposedMetrics } from "./exposition.ts";
import { limitOf, type Parameters, parametersOf, required, stepsOf, timeMs } from "./parameters.ts";
import { type Evaluation, evaluate } from "./promql/evaluate.ts";
import { parsePromql, parseSelector } from "./promql/parser.ts";
import { instantData, rangeResult } from "./results.ts";
import { quantilesFrom, type SelectSource, selectFrom } from "./select.ts";
import type { Windows } from "./windows.ts";

export interface PrometheusOptions {
  /** Asked at every question, so that the listener can be up before the store; may raise `unavailable`. */
  readonly redSeries: () => RedSeriesReader;
  /** Clew's version. */
  readonly version: string;
  /** Configured tenant header, lower case. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
  /** Milliseconds since 1970; what now means. For tests. */
  readonly now?: () => number;
}

/** The version of Prometheus whose API this is: Grafana turns features on by it. */
const prometheusVersion = "2.55.1";
const dayMs = 86_400_000;
const mostSeries = 20_000;

interface Call {
  readonly source: SelectSource;
  readonly parameters: Parameters;
}

interface Answer {
  readonly data: unknown;
  readonly warnings?: readonly string[];
}

/** Fastify plugin; register it with `{ prefix: "/prometheus", ... }`. */
export async function prometheusApi(
  server: FastifyInstance,
  options: PrometheusOptions,
): Promise<void> {
  server.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string" },
    (_request, body, done) => done(null, body),
  );
  useErrorSender(server, sendJsonError);
  refuseOtherPaths(server);
  answerAt(server, options, "/api/v1/query_range", async (call, _request, reply) => {
    void reply.type("application/json; charset=utf-8");
    return await queryRange(call);
  });
  const routes: Record<string, (call: Call, request: FastifyRequest) => Promise<Answer>> = {
    "/api/v1/query": queryNow,
    "/api/v1/labels": labels,
    "/api/v1/label/:name/values": valuesOfLabel,
    "/api/v1/series": series,
    "/api/v1/metadata": async ({ parameters }) => ({ data: metadata(parameters.one("metric")) }),
    "/api/v1/query_exemplars": async () => ({ data: [] }),
    "/api/v1/rules": async () => ({ data: { groups: [] } }),
    "/api/v1/alerts": async () => ({ data: { alerts: [] } }),
    "/api/v1/status/buildinfo": async () => ({ data: buildInfo(options.version) }),
  };
  for (const [url, answer] of Object.entries(routes)) {
    answerAt(server, options, url, async (call, request) => ({
      status: "success",
      ...(await answer(call, request)),
    }));
  }
  plainRoutes(server, options);
}

function answerAt(
  server: FastifyInstance,
  options: PrometheusOptions,
  url: string,
  answer: (call: Call, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
): void {
  server.route({
    method: ["GET", "POST"],
    url,
    handler: async (request, reply) => {
      const source = sourceOf(options, request, reply);
      return await answer({ source, parameters: parametersOf(request) }, request, reply);
    },
  });
  refuseOtherMethods(server, url, ["GET", "POST"]);
}

function plainRoutes(server: FastifyInstance, options: PrometheusOptions): void {
  server.get("/-/healthy", async (_request, reply) => {
    void reply.type("text/plain; charset=utf-8");
    return "Prometheus API of Clew is Healthy.\n";
  });
  server.get("/-/ready", async (_request, reply) => {
    options.redSeries();
    void reply.type("text/plain; charset=utf-8");
    return "Prometheus API of Clew is Ready.\n";
  });
  server.get("/metrics", async (request, reply) => {
    const families = await exposedMetrics(sourceOf(options, request, reply));
    void reply.header("cache-control", "no-store").type(metricsContentType);
    return renderMetrics(families);
  });
}

function sourceOf(
  options: PrometheusOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): SelectSource {
  return {
    get reader() {
      return options.redSeries();
    },
    tenant: tenantOf(request.headers, options.tenantHeader),
    nowMs: (options.now ?? Date.now)(),
    signal: disconnectSignal(reply),
  };
}

async function queryNow({ source, parameters }: Call): Promise<Answer> {
  const text = required(parameters, "query");
  const time = timeMs(parameters, "time") ?? source.nowMs;
  const evaluation = evaluationOf(text, [time], source);
  return { data: instantData(await evaluate(parsePromql(text), evaluation), time) };
}

async function queryRange({ source, parameters }: Call): Promise<Readable> {
  const text = required(parameters, "query");
  const times = stepsOf(parameters);
  const evaluation = evaluationOf(text, times, source);
  const result = rangeResult(await evaluate(parsePromql(text), evaluation), times);
  return jsonList('{"status":"success","data":{"resultType":"matrix","result":', result, "}}");
}

function evaluationOf(text: string, times: readonly number[], source: SelectSource): Evaluation {
  return { text, times, select: selectFrom(source), quantiles: quantilesFrom(source) };
}

async function labels({ parameters }: Call): Promise<Answer> {
  return { data: labelNames(selectorsOf(parameters)).slice(0, limitOf(parameters)) };
}

async function valuesOfLabel(
  { source, parameters }: Call,
  request: FastifyRequest,
): Promise<Answer> {
  const { name } = request.params as { name: string };
  const range = rangeOf(parameters, source.nowMs);
  const values = await labelValues(source, name, selectorsOf(parameters), range);
  return { data: values.slice(0, limitOf(parameters)) };
}

async function series({ source, parameters }: Call): Promise<Answer> {
  const selectors = selectorsOf(parameters);
  if (selectors.length === 0) throw new ClewError("bad_request", "no match[] parameter provided");
  const limit = Math.min(limitOf(parameters), mostSeries);
  const found = await seriesIn(source, selectors, rangeOf(parameters, source.nowMs), limit);
  if (!found.cut) return { data: found.series };
  return { data: found.series, warnings: [`results truncated due to limit of ${limit}`] };
}

function selectorsOf(parameters: Parameters): ReturnType<typeof parseSelector>[] {
  return parameters.all("match[]").map(parseSelector);
}

/** `start` is a day before `end` and `end` is now when they are not given. */
function rangeOf(parameters: Parameters, nowMs: number): Windows {
  const end = timeMs(parameters, "end") ?? nowMs;
  const start = timeMs(parameters, "start") ?? end - dayMs;
  if (start > end)
    throw new ClewError("bad_request", "end timestamp must not be before start time");
  return wholeRange(Math.max(0, start), end);
}

function buildInfo(version: string): Record<string, string> {
  return {
    version: prometheusVersion,
    revision: `clew-${version}`,
    branch: "clew",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  };
}

function sendJsonError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, text } = beginError(thrown, request, reply);
  const errorType = errorTypes[status] ?? (status < 500 ? "bad_data" : "internal");
  void reply
    .type("application/json; charset=utf-8")
    .send(JSON.stringify({ status: "error", errorType, error: text }));
}

const errorTypes: Readonly<Record<number, string>> = {
  404: "not_found",
  422: "execution",
  429: "unavailable",
  499: "canceled",
  503: "unavailable",
};
