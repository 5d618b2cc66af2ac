// Jaeger's Monitor tab: rates, error rates and latencies of services and their operations, from Clew's
// rollups, as the JSON of an OpenMetrics family (jaeger-idl, openmetrics.proto). Each point stands for one
// step that ends at its timestamp; latencies are milliseconds; steps without calls have no point.

import type { SpanFilter } from "@clew/model";
import { goBoolean, parseError } from "./go-syntax.ts";
import {
  type MetricsQuery,
  type Point,
  readMetricsQuery,
  readQuantile,
  stepAt,
} from "./metrics-query.ts";
import type { JaegerCall } from "./options.ts";
import { quantilePoints } from "./quantiles.ts";

export type MetricKind = "latencies" | "calls" | "errors";

/** The store counts by minute. */
export const minimumStepMs = 60_000;
const mostServices = 20;
/** Operations of a service, those with the most requests. */
const mostOperations = 200;
const atOnce = 3;

interface Subject {
  readonly service: string;
  readonly operation?: string;
}

/** The answer to `/api/metrics/<kind>`. Raises `bad_request` in Jaeger's words. */
export async function metricFamily(kind: MetricKind, call: JaegerCall): Promise<object> {
  const services = [...new Set(call.query.all("service").filter((name) => name !== ""))];
  if (services.length === 0)
    throw parseError("service", "please provide at least one service name");
  if (services.length > mostServices)
    throw parseError("service", `${services.length} services; at most ${mostServices} at once`);
  const quantile = kind === "latencies" ? readQuantile(call) : 0;
  const group = call.query.one("groupByOperation");
  const byOperation = group !== undefined && goBoolean("groupByOperation", group);
  const query = readMetricsQuery(call);
  const subjects = await subjectsOf(call, query, services, byOperation);
  const metrics = await inTurns(subjects, async (subject) => {
    const points = await pointsOf(kind, quantile, call, query, subject);
    return metric(subject, points);
  });
  return {
    name: `service_${byOperation ? "operation_" : ""}${suffixes[kind]}`,
    type: "GAUGE",
    help: helpOf(kind, quantile, byOperation),
    metrics: metrics.filter(({ metricPoints }) => metricPoints.length > 0),
  };
}

const suffixes: Readonly<Record<MetricKind, string>> = {
  latencies: "latencies",
  calls: "call_rate",
  errors: "error_rate",
};

function helpOf(kind: MetricKind, quantile: number, byOperation: boolean): string {
  const what = {
    latencies: `${quantile.toFixed(2)}th quantile latency`,
    calls: "calls/sec",
    errors: "error rate, computed as a fraction of errors/sec over calls/sec",
  }[kind];
  return `${what}, grouped by service${byOperation ? " & operation" : ""}`;
}

async function subjectsOf(
  { reader, tenant, signal }: JaegerCall,
  { range, kinds }: MetricsQuery,
  services: readonly string[],
  byOperation: boolean,
): Promise<readonly Subject[]> {
  if (!byOperation) return services.map((service) => ({ service }));
  const lists = await inTurns(services, async (service) => {
    const found = await reader.operations({ tenant, range, service }, signal);
    const names = found
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ operation }) => operation);
    return [...new Set(names)]
      .slice(0, mostOperations)
      .map((operation) => ({ service, operation }));
  });
  return lists.flat();
}

async function pointsOf(
  kind: MetricKind,
  quantile: number,
  call: JaegerCall,
  query: MetricsQuery,
  subject: Subject,
): Promise<readonly Point[]> {
  const filters = query.kinds.map((spanKind) => ({ ...subject, kind: spanKind, attributes: [] }));
  if (kind === "latencies") return quantilePoints(call, query, filters, quantile);
  return ratePoints(kind, call, query, filters);
}

/** Calls per second, or the share of them that failed. */
async function ratePoints(
  kind: "calls" | "errors",
  { reader, tenant, signal }: JaegerCall,
  { range, stepNano, nowNano }: MetricsQuery,
  filters: readonly SpanFilter[],
): Promise<Point[]> {
  const steps = new Map<bigint, { seconds: number; sums: { count: number; errorCount: number } }>();
  for (const filter of filters) {
    const series = await reader.red({ tenant, range, filter, stepNano }, signal);
    for (const [at, count] of series.count.entries()) {
      const step = stepAt(series, at, range, nowNano);
      const before = steps.get(step.endNano)?.sums ?? { count: 0, errorCount: 0 };
      const errorCount = before.errorCount + (series.errorCount[at] ?? 0);
      const sums = { count: before.count + count, errorCount };
      steps.set(step.endNano, { seconds: step.seconds, sums });
    }
  }
  return [...steps]
    .filter(([, { sums }]) => sums.count > 0)
    .map(([endNano, { seconds, sums }]) => ({
      endNano,
      value: kind === "calls" ? sums.count / seconds : sums.errorCount / sums.count,
    }));
}

function metric({ service, operation }: Subject, points: readonly Point[]) {
  const labels = [{ name: "service_name", value: service }];
  if (operation !== undefined) labels.unshift({ name: "operation", value: operation });
  return {
    labels,
    metricPoints: points.map(({ endNano, value }) => ({
      gaugeValue: { doubleValue: value },
      timestamp: new Date(Number(endNano / 1_000_000n)).toISOString(),
    })),
  };
}

/** `work` for each of `items`, a few at a time, results in the order of `items`. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
