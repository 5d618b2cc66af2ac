// Calls between services, and from services to databases, queues and peers that send no spans.

import type { ServiceEdge, ServiceMap, ServiceNode, ServiceNodeType } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { RangeQuery } from "../trace-reader.ts";
import { Histogram } from "./histogram.ts";
import type { ReadContext } from "./read-context.ts";
import { inRange, wholeMinutes } from "./rollup-source.ts";
import { SqlParameters } from "./sql-parameters.ts";

/** More edges than a person or a browser can take in; the busiest are kept. */
const MAX_EDGES = 5000;

export async function readServiceMap(
  engine: Engine,
  query: RangeQuery,
  context: ReadContext,
): Promise<ServiceMap> {
  const range = wholeMinutes(query.range);
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT source, source_type, target, target_type, sum(weight) AS calls, sum(errors), sumMap(hist)
     FROM edges_1m WHERE tenant = ${parameters.text(query.tenant)} AND ${inRange("minute", range, parameters)}
     GROUP BY source, source_type, target, target_type
     ORDER BY calls DESC, source, target LIMIT ${MAX_EDGES}`,
    { ...context, parameters: parameters.values },
  );
  const nodes = new Map<string, ServiceNode>();
  const node = (name: string, type: ServiceNodeType): string => {
    const id = type === "service" ? name : `${type}:${name}`;
    nodes.set(id, { id, name, type });
    return id;
  };
  const edges = rows.map((row): ServiceEdge => {
    const [source, sourceType, target, targetType, count, errorCount, hist] = row as [
      string,
      ServiceNodeType,
      string,
      ServiceNodeType,
      number,
      number,
      Record<string, number>,
    ];
    const histogram = new Histogram();
    histogram.addAll(hist);
    const [p50Nano = 0, p95Nano = 0, p99Nano = 0] = histogram.quantiles([0.5, 0.95, 0.99]);
    return {
      source: node(source, sourceType),
      target: node(target, targetType),
      count,
      errorCount,
      ratePerSecond: count / Math.max(1, range.to - range.from),
      p50Nano,
      p95Nano,
      p99Nano,
    };
  });
  return {
    nodes: [...nodes.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    edges,
  };
}
