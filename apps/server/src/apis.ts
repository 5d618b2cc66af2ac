// Everything that answers on Clew's own port: the native API, /metrics, the web UI. Further query APIs are
// registered here, each under its own prefix.

import { fileURLToPath } from "node:url";
import {
  createApiServer,
  type Health,
  jaegerApi,
  type MetricFamily,
  type MetricsRegistry,
  mcpApi,
  metricsRoute,
  nativeApi,
  prometheusApi,
  type Sampling,
  samplingApi,
  tempoApi,
  tempoGrpc,
  zipkinApi,
} from "@clew/api";
import type { RedSeriesReader, TraceqlReader, TraceReader } from "@clew/storage";
import type { FastifyInstance } from "fastify";
import type { Config } from "./config/schema.ts";
import type { Log } from "./process/log.ts";
import { version } from "./process/version.ts";

/** First path segments that belong to APIs: a wrong path below them is an error, not a page of the UI. */
const apiPrefixes = ["api", "metrics", "tempo", "jaeger", "zipkin", "prometheus", "mcp"];

const builtUi = fileURLToPath(new URL("../../web/dist", import.meta.url));

/** What the APIs read from. All are asked at every request. */
export interface ApiSources {
  /** Raises `unavailable` while the store is not open. */
  readonly reader: () => TraceReader;
  readonly traceql: () => TraceqlReader;
  readonly redSeries: () => RedSeriesReader;
  readonly sampling: Sampling;
  readonly health: () => Health;
  readonly metrics: () => Iterable<MetricFamily>;
}

/** The API server with all its routes, not listening yet. */
export function createApis(
  config: Config,
  sources: ApiSources,
  registry: MetricsRegistry,
  log: Log,
): FastifyInstance {
  const { reader, traceql, redSeries, sampling, health, metrics } = sources;
  const folder = config.webDir ?? builtUi;
  const server = createApiServer({
    log: withoutInfo(log),
    metrics: registry,
    web: { folder, apiPrefixes },
  });
  const { tenantHeader, queryCorsOrigins: corsOrigins } = config;
  server.register(nativeApi, { reader, traceql, sampling, health, version, tenantHeader });
  server.register(samplingApi, { sampling, tenantHeader });
  server.register(tempoApi, { prefix: "/tempo", reader, traceql, health, version, tenantHeader });
  server.register(tempoGrpc, {
    traceql,
    host: config.host,
    port: config.tempoGrpcPort,
    tenantHeader,
  });
  server.register(prometheusApi, { prefix: "/prometheus", redSeries, version, tenantHeader });
  server.register(jaegerApi, { prefix: "/jaeger", reader, tenantHeader, corsOrigins });
  server.register(zipkinApi, { prefix: "/zipkin", reader, tenantHeader, corsOrigins });
  server.register(mcpApi, { reader, traceql, version, tenantHeader });
  server.register(metricsRoute, { collect: metrics });
  return server;
}

// All that Fastify has to say at level info is where it listens; the banner says that to people.
function withoutInfo(log: Log): Log {
  const quiet = log.child({});
  quiet.info = quiet.debug.bind(quiet);
  return quiet;
}
