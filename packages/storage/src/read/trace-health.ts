// How whole the traces of a range are, from a sample of them.

import { type HealthSpan, TraceHealthTally } from "@clew/analysis";
import type { SpanKindName, TimeRange, TraceHealth } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { promotedByKey } from "../schema/promoted.ts";
import type { RangeQuery } from "../trace-reader.ts";
import type { ReadContext } from "./read-context.ts";
import { serviceRedRows, wholeMinutes } from "./rollup-source.ts";
import { minutesCondition } from "./span-condition.ts";
import { SqlParameters } from "./sql-parameters.ts";

/** Spans that are looked at, about. */
const SAMPLED_SPANS = 100_000;
/** Read on both sides of the range, so that relatives of its spans are found. */
const AROUND_NANO = 300_000_000_000n;

/** Text of an attribute of a closed list, '' where the span has none. */
function attributeText(key: "peer.service" | "server.address"): string {
  const promoted = promotedByKey.get(key);
  const inMap = `str['${key}']`;
  return promoted === undefined
    ? inMap
    : `if(${promoted.column} != '', ${promoted.column}, ${inMap})`;
}

function portText(): string {
  const promoted = promotedByKey.get("server.port");
  const inMap = "int['server.port']";
  const port =
    promoted === undefined
      ? inMap
      : `if(${promoted.column} != 0, toInt64(${promoted.column}), ${inMap})`;
  return `if(${port} = 0, '', concat(':', toString(${port})))`;
}

const PEER = `if(kind != 'client', '', multiIf(
  ${attributeText("peer.service")} != '', ${attributeText("peer.service")},
  ${attributeText("server.address")} != '', concat(${attributeText("server.address")}, ${portText()}), ''))`;

type Row = [
  trace: string,
  span: string,
  parent: string,
  service: string,
  resource: string,
  kind: SpanKindName,
  start: string,
  duration: string,
  peer: string,
];

export async function readTraceHealth(
  engine: Engine,
  query: RangeQuery,
  context: ReadContext,
): Promise<TraceHealth> {
  const every = Math.max(1, Math.ceil((await spanCount(engine, query, context)) / SAMPLED_SPANS));
  const rows = await sampledRows(engine, query, every, context);
  const hosts = await hostsOf(engine, query.tenant, rows, context);
  const traces = new Map<string, HealthSpan[]>();
  for (const row of rows) {
    const spans = traces.get(row[0]);
    const span = healthSpan(row, query.range, hosts);
    if (spans === undefined) traces.set(row[0], [span]);
    else spans.push(span);
  }
  const tally = new TraceHealthTally();
  for (const [traceId, spans] of traces) tally.addTrace(traceId, spans);
  return tally.report(1 / every);
}

async function spanCount(
  engine: Engine,
  { tenant, range }: RangeQuery,
  context: ReadContext,
): Promise<number> {
  const parameters = new SqlParameters();
  const rows = serviceRedRows(tenant, wholeMinutes(range), "spans", parameters);
  const [[count] = [0]] = await engine.readRows(`SELECT sum(spans) FROM (${rows})`, {
    ...context,
    parameters: parameters.values,
  });
  return Number(count);
}

/** Spans of every `every`th trace, chosen by a hash of its id: whole traces, and the same ones every time. */
async function sampledRows(
  engine: Engine,
  { tenant, range }: RangeQuery,
  every: number,
  context: ReadContext,
): Promise<readonly Row[]> {
  const parameters = new SqlParameters();
  const wider = { startNano: range.startNano - AROUND_NANO, endNano: range.endNano + AROUND_NANO };
  const rows = await engine.readRows(
    `SELECT lower(hex(trace_id)), lower(hex(span_id)), lower(hex(parent_span_id)), service,
       toString(resource_id), kind, toString(toUnixTimestamp64Nano(start) - ${parameters.int64(range.startNano)}),
       toString(duration), ${PEER}
     FROM spans PREWHERE ${minutesCondition(tenant, wider, parameters)}
       AND sipHash64(trace_id) % ${parameters.uint32(every)} = 0`,
    { ...context, parameters: parameters.values },
  );
  return rows as Row[];
}

async function hostsOf(
  engine: Engine,
  tenant: string,
  rows: readonly Row[],
  context: ReadContext,
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(rows.map(([, , , , resource]) => BigInt(resource)))];
  if (ids.length === 0) return new Map();
  const parameters = new SqlParameters();
  const found = await engine.readRows(
    `SELECT toString(id), multiIf(str['host.name'] != '', str['host.name'],
       str['k8s.node.name'] != '', str['k8s.node.name'], str['host.id'])
     FROM resources WHERE tenant = ${parameters.text(tenant)} AND id IN ${parameters.uint64s(ids)}`,
    { ...context, parameters: parameters.values },
  );
  return new Map(found as [string, string][]);
}

function healthSpan(row: Row, range: TimeRange, hosts: ReadonlyMap<string, string>): HealthSpan {
  const [, spanId, parent, service, resource, kind, start, duration, peer] = row;
  const offset = Number(start);
  return {
    spanId,
    parentSpanId: /^0+$/.test(parent) ? "" : parent,
    service,
    host: hosts.get(resource) ?? "",
    kind,
    start: offset,
    duration: Math.max(0, Number(duration)),
    peer,
    counts: offset >= 0 && offset < Number(range.endNano - range.startNano),
  };
}
