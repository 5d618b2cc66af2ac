// Services and operations with their rate, errors and durations, from the rollups.

import type { OperationSummary, Red, ServiceSummary, SpanKindName } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { RangeQuery } from "../trace-reader.ts";
import { Histogram, redQuantiles } from "./histogram.ts";
import type { ReadContext } from "./read-context.ts";
import { redRows, type SecondsRange, serviceRedRows, wholeMinutes } from "./rollup-source.ts";
import { SqlParameters } from "./sql-parameters.ts";

const SUMS = `sum(weight), sumIf(weight, status = 'error'), max(duration_max), sumMap(hist)`;
const SERVICE_COLUMNS = "service, kind, status, weight, duration_max, hist";
const COLUMNS = "service, name, kind, status, weight, duration_max, hist";

type Sums = [number, number, string, Record<string, number>];

/** Every service that has spans in the range, by name. */
export async function readServices(
  engine: Engine,
  query: RangeQuery,
  context: ReadContext,
): Promise<readonly ServiceSummary[]> {
  const range = wholeMinutes(query.range);
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT service, kind IN ('server', 'consumer') AS request, ${SUMS}
     FROM (${serviceRedRows(query.tenant, range, SERVICE_COLUMNS, parameters)})
     GROUP BY service, request ORDER BY service, request`,
    { ...context, parameters: parameters.values },
  );
  const services = new Map<string, Map<boolean, Sums>>();
  for (const row of rows) {
    const [service, request, ...sums] = row as [string, number, ...Sums];
    const parts = services.get(service) ?? new Map<boolean, Sums>();
    services.set(service, parts.set(request === 1, sums));
  }
  return [...services].map(([service, parts]) => serviceSummary(service, parts, range));
}

function serviceSummary(
  service: string,
  parts: ReadonlyMap<boolean, Sums>,
  range: SecondsRange,
): ServiceSummary {
  const requests = parts.get(true);
  const rest = parts.get(false);
  const basis = requests === undefined ? "spans" : "requests";
  const spanCount = (requests?.[0] ?? 0) + (rest?.[0] ?? 0);
  return { service, basis, spanCount, ...red(requests ?? (rest as Sums), range) };
}

/** Operations of one service by kind, most requests first. */
export async function readOperations(
  engine: Engine,
  query: RangeQuery & { readonly service: string },
  context: ReadContext,
): Promise<readonly OperationSummary[]> {
  const range = wholeMinutes(query.range);
  const parameters = new SqlParameters();
  const condition = ` AND service = ${parameters.text(query.service)}`;
  const rows = await engine.readRows(
    `SELECT name, kind, ${SUMS} FROM (${redRows(query.tenant, range, COLUMNS, condition, parameters)})
     GROUP BY name, kind ORDER BY sum(weight) DESC, name, kind`,
    { ...context, parameters: parameters.values },
  );
  return rows.map((row) => {
    const [operation, kind, ...sums] = row as [string, SpanKindName, ...Sums];
    return { service: query.service, operation, kind, ...red(sums, range) };
  });
}

function red([count, errorCount, max, hist]: Sums, range: SecondsRange): Red {
  const histogram = new Histogram();
  histogram.addAll(hist);
  return {
    count,
    errorCount,
    ratePerSecond: count / Math.max(1, range.to - range.from),
    errorRate: count === 0 ? 0 : errorCount / count,
    ...redQuantiles(histogram, Number(max)),
  };
}
