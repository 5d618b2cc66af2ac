// GET /metrics: Clew's own counters for Prometheus.

import type { FastifyInstance } from "fastify";
import { type MetricFamily, metricsContentType, renderMetrics } from "./exposition.ts";

export interface MetricsRouteOptions {
  /** All metrics as they stand now; several sources may offer samples of one family. */
  readonly collect: () => Iterable<MetricFamily>;
}

/** Fastify plugin: `GET /metrics` in Prometheus' text format. */
export async function metricsRoute(
  server: FastifyInstance,
  options: MetricsRouteOptions,
): Promise<void> {
  server.get("/metrics", async (_request, reply) => {
    void reply.header("cache-control", "no-store").type(metricsContentType);
    return renderMetrics(options.collect());
  });
}
