// Spans that arrived and how many they stand for, of services or of one service's operations, from the rollups.

import type { Engine } from "../engines/engine.ts";
import type { RedSeriesReader, Throughput } from "../red-series-reader.ts";
import type { ReadContext } from "./read-context.ts";
import { redRows, serviceRedRows, wholeMinutes } from "./rollup-source.ts";
import { SqlParameters } from "./sql-parameters.ts";

/** See `RedSeriesReader.throughput`. */
export async function readThroughput(
  engine: Engine,
  query: Parameters<RedSeriesReader["throughput"]>[0],
  context: ReadContext,
): Promise<readonly Throughput[]> {
  const { tenant, service, limit } = query;
  const range = wholeMinutes(query.range);
  const parameters = new SqlParameters();
  const ofService = service === undefined ? "" : ` AND service = ${parameters.text(service)}`;
  const [key, source] =
    service === undefined
      ? ["service", serviceRedRows(tenant, range, "service, kind, spans, weight", parameters)]
      : ["name", redRows(tenant, range, "name, kind, spans, weight", ofService, parameters)];
  // Requests where there are any: of one service, whether it has any decides for all of its operations.
  const request = "kind IN ('server', 'consumer')";
  const window = service === undefined ? "PARTITION BY service" : "";
  const rows = await engine.readRows(
    `SELECT key, toFloat64(s), w FROM (
       SELECT ${key} AS key, ${request} AS request, sum(spans) AS s, sum(weight) AS w,
         max(request) OVER (${window}) AS anyRequest
       FROM (${source}) GROUP BY ${key}, request
     ) WHERE request = anyRequest ORDER BY w DESC, key LIMIT ${parameters.int64(BigInt(limit))}`,
    { ...context, parameters: parameters.values },
  );
  return rows.map((row) => {
    const [name, spans, weight] = row as [string, number, number];
    return { name, spans, weight };
  });
}
