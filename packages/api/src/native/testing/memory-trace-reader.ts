// A TraceReader over batches in memory, for tests: real filters, order and pages, small data.

import { type HealthSpan, TraceHealthTally } from "@clew/analysis";
import { ClewError } from "@clew/base";
import {
  type AttributeFilter,
  type LogBatch,
  type Red,
  type SpanBatch,
  type SpanFilter,
  spanKindNames,
  statusCodeNames,
  type TimeRange,
  type TraceSummary,
  toHex,
  ValueType,
} from "@clew/model";
import type { RangeQuery, SeriesQuery, TraceReader } from "@clew/storage";
import { countTraces } from "./count-traces.ts";
import { logBatch, spanBatch, type TestLog, type TestSpan } from "./spans.ts";

interface Row {
  readonly batch: SpanBatch;
  readonly row: number;
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly startNano: bigint;
  readonly durationNano: number;
}

export interface MemoryReader extends TraceReader {
  /** The last signal that a call was given. */
  lastSignal(): AbortSignal | undefined;
}

/** A reader of `spans` and `logs`, all of one tenant ("default" unless said). */
export function memoryTraceReader(
  spans: readonly TestSpan[],
  logs: readonly TestLog[] = [],
  owner = "default",
): MemoryReader {
  const batches = new Map<string, SpanBatch>();
  const spansById = new Map<string, TestSpan[]>();
  for (const [traceId, own] of Map.groupBy(spans, (span) => span.traceId)) {
    const inOrder = own.toSorted((a, b) => (a.startNano < b.startNano ? -1 : 1));
    spansById.set(traceId, inOrder);
    batches.set(traceId, spanBatch(inOrder));
  }
  const all = [...batches.values()].flatMap(rowsOf);
  let last: AbortSignal | undefined;

  function begin(tenant: string, signal: AbortSignal | undefined): boolean {
    last = signal;
    if (signal?.aborted === true) throw new ClewError("cancelled", "the query was cancelled");
    return tenant === owner;
  }
  function inRange(query: RangeQuery, signal: AbortSignal | undefined): Row[] {
    if (!begin(query.tenant, signal)) return [];
    return all.filter((row) => within(row.startNano, query.range));
  }
  function matching(query: SeriesQuery, signal: AbortSignal | undefined): Row[][] {
    const found = inRange(query, signal).filter((row) => matches(row, query.filter));
    const { startNano, endNano } = query.range;
    const columns = Math.ceil(Number(endNano - startNano) / query.stepNano);
    const byColumn = Map.groupBy(found, (row) =>
      Math.floor(Number(row.startNano - startNano) / query.stepNano),
    );
    return Array.from({ length: columns }, (_, column) => byColumn.get(column) ?? []);
  }

  const reader: MemoryReader = {
    lastSignal: () => last,
    async trace(tenant, traceId, signal): Promise<SpanBatch | undefined> {
      return begin(tenant, signal) ? batches.get(traceId) : undefined;
    },
    async traces(tenant, traceIds, signal): Promise<SpanBatch | undefined> {
      if (!begin(tenant, signal)) return undefined;
      const found = traceIds.flatMap((id) => spansById.get(id) ?? []);
      return found.length === 0 ? undefined : spanBatch(found);
    },
    async traceLogs(tenant, traceId, signal): Promise<LogBatch> {
      return logBatch(begin(tenant, signal) ? logs.filter((log) => log.traceId === traceId) : []);
    },
    async search(query, signal) {
      const found = inRange(query, signal).filter((row) => matches(row, query.filter));
      const best = found.toSorted((a, b) =>
        query.sort === "slowest"
          ? b.durationNano - a.durationNano
          : a.startNano < b.startNano
            ? 1
            : -1,
      );
      const byTrace = [...Map.groupBy(best, (row) => row.traceId).values()].flatMap((rows) =>
        rows.slice(0, 1),
      );
      const from = query.cursor === undefined ? 0 : Number(query.cursor);
      if (!Number.isInteger(from))
        throw new ClewError("bad_request", "the cursor is not one of ours");
      const to = from + query.limit;
      const traces = byTrace.slice(from, to).map(summary);
      return to < byTrace.length ? { traces, nextCursor: String(to) } : { traces };
    },
    async searchCounts(query, signal) {
      const { traces, ...rest } = await reader.search(query, signal);
      const found = traces.flatMap(({ traceId }) => batches.get(traceId) ?? []);
      return { traces: found.flatMap(countTraces), ...rest };
    },
    async services(query, signal) {
      const byService = Map.groupBy(inRange(query, signal), (row) => row.service);
      return [...byService].map(([service, rows]) => ({
        service,
        basis: "spans" as const,
        spanCount: rows.length,
        ...red(rows, query.range),
      }));
    },
    async operations(query, signal) {
      const own = inRange(query, signal).filter((row) => row.service === query.service);
      return [...Map.groupBy(own, (row) => row.name)].map(([operation, rows]) => ({
        service: query.service,
        operation,
        kind: kindOf(rows[0] as Row),
        ...red(rows, query.range),
      }));
    },
    async red(query, signal) {
      const columns = matching(query, signal).map((rows) => red(rows, query.range));
      return {
        startUnixNano: String(query.range.startNano),
        stepNano: query.stepNano,
        count: columns.map((column) => column.count),
        errorCount: columns.map((column) => column.errorCount),
        p50Nano: columns.map((column) => column.p50Nano),
        p95Nano: columns.map((column) => column.p95Nano),
        p99Nano: columns.map((column) => column.p99Nano),
      };
    },
    async heatmap(query, signal) {
      const columns = matching(query, signal);
      return {
        startUnixNano: String(query.range.startNano),
        stepNano: query.stepNano,
        bucketNano: [0, 1_000_000, 1_000_000_000],
        counts: columns.map((rows) => buckets(rows)),
        errorCounts: columns.map((rows) => buckets(rows.filter(isError))),
      };
    },
    async traceHealth(query, signal) {
      const tally = new TraceHealthTally();
      for (const [traceId, rows] of Map.groupBy(inRange(query, signal), (row) => row.traceId))
        tally.addTrace(traceId, rows.map(healthSpan));
      return tally.report(1);
    },
    async serviceMap(query, signal) {
      const rows = inRange(query, signal);
      const names = [...new Set(rows.map((row) => row.service))].toSorted();
      const bySpan = new Map(rows.map((row) => [idAt(row.batch.spanIds, row.row), row]));
      const calls = rows.flatMap((row) => {
        const caller = bySpan.get(idAt(row.batch.parentIds, row.row));
        return caller === undefined || caller.service === row.service ? [] : [{ caller, row }];
      });
      const edges = Map.groupBy(calls, ({ caller, row }) => `${caller.service}\n${row.service}`);
      return {
        nodes: names.map((name) => ({ id: name, name, type: "service" as const })),
        edges: [...edges].map(([key, pairs]) => {
          const [source = "", target = ""] = key.split("\n");
          const {
            errorRate: _,
            maxNano: __,
            ...rest
          } = red(
            pairs.map((pair) => pair.row),
            query.range,
          );
          return { source, target, ...rest };
        }),
      };
    },
    async attributeKeys(query, signal) {
      if (query.scope === "resource") return [];
      const keys = inRange(query, signal).flatMap(attributesOf);
      const named = keys.filter(({ key }) => key.startsWith(query.prefix));
      return [...Map.groupBy(named, ({ key }) => key)]
        .map(([key, rows]) => ({
          scope: "span" as const,
          key,
          type: typeOf(rows[0]),
          count: rows.length,
        }))
        .slice(0, query.limit);
    },
    async attributeValues(query, signal) {
      const own = inRange(query, signal)
        .flatMap(attributesOf)
        .filter(({ key }) => key === query.key);
      const named = own.filter(({ value }) => value.startsWith(query.prefix));
      return [...Map.groupBy(named, ({ value }) => value)]
        .map(([value, rows]) => ({ value, type: typeOf(rows[0]), count: rows.length }))
        .slice(0, query.limit);
    },
  };
  return reader;
}

function rowsOf(batch: SpanBatch): Row[] {
  return Array.from({ length: batch.length }, (_, row) => ({
    batch,
    row,
    traceId: toHex(batch.traceIds, row * 16, 16),
    service: batch.strings.text(
      batch.resources.serviceName[batch.resource[row] as number] as number,
    ),
    name: batch.strings.text(batch.name[row] as number),
    startNano: batch.startNano(row),
    durationNano: batch.durationNano(row),
  }));
}

function within(nano: bigint, range: TimeRange): boolean {
  return nano >= range.startNano && nano < range.endNano;
}

function idAt(column: Uint8Array, row: number): string {
  return toHex(column, row * 8, 8);
}

function kindOf({ batch, row }: Row): (typeof spanKindNames)[number] {
  return spanKindNames[batch.kind[row] as number] ?? "unspecified";
}

function statusOf({ batch, row }: Row): (typeof statusCodeNames)[number] {
  return statusCodeNames[batch.status[row] as number] ?? "unset";
}

function isError(row: Row): boolean {
  return statusOf(row) === "error";
}

interface Attribute {
  readonly key: string;
  readonly value: string;
  readonly type: "string" | "int";
}

function typeOf(attribute: Attribute | undefined): Attribute["type"] {
  return attribute?.type ?? "string";
}

function attributesOf({ batch, row }: Row): Attribute[] {
  const { attributes, attributeOffsets, strings } = batch;
  const found: Attribute[] = [];
  for (let i = attributeOffsets[row] as number; i < (attributeOffsets[row + 1] as number); i++) {
    const isText = attributes.types[i] === ValueType.String;
    const value = isText
      ? strings.text(attributes.slots[i * 2] as number)
      : String(attributes.int(i));
    const key = strings.text(attributes.keys[i] as number);
    found.push({ key, value, type: isText ? "string" : "int" });
  }
  return found;
}

function matches(row: Row, filter: SpanFilter): boolean {
  return (
    (filter.service === undefined || filter.service === row.service) &&
    (filter.operation === undefined || filter.operation === row.name) &&
    (filter.kind === undefined || filter.kind === kindOf(row)) &&
    (filter.status === undefined || filter.status === statusOf(row)) &&
    row.durationNano >= (filter.minDurationNano ?? 0) &&
    row.durationNano <= (filter.maxDurationNano ?? Infinity) &&
    filter.attributes.every((condition) => holds(row, condition))
  );
}

function holds(row: Row, { key, operator, value = "" }: AttributeFilter): boolean {
  const own = attributesOf(row).find((attribute) => attribute.key === key)?.value;
  if (own === undefined) return false;
  if (operator === "exists") return true;
  if (operator === "=") return own === value;
  if (operator === "!=") return own !== value;
  if (operator === "regex") return new RegExp(value, "u").test(own);
  if (operator === ">") return Number(own) > Number(value);
  if (operator === "<") return Number(own) < Number(value);
  return operator === ">=" ? Number(own) >= Number(value) : Number(own) <= Number(value);
}

function red(rows: readonly Row[], range: TimeRange): Red {
  const durations = rows.map((row) => row.durationNano).toSorted((a, b) => a - b);
  const at = (q: number): number =>
    durations[Math.min(durations.length - 1, Math.floor(q * durations.length))] ?? 0;
  const errorCount = rows.filter(isError).length;
  return {
    count: rows.length,
    errorCount,
    ratePerSecond: rows.length / (Number(range.endNano - range.startNano) / 1e9),
    errorRate: rows.length === 0 ? 0 : errorCount / rows.length,
    p50Nano: at(0.5),
    p95Nano: at(0.95),
    p99Nano: at(0.99),
    maxNano: durations.at(-1) ?? 0,
  };
}

function healthSpan(row: Row): HealthSpan {
  const parent = idAt(row.batch.parentIds, row.row);
  return {
    spanId: idAt(row.batch.spanIds, row.row),
    parentSpanId: parent === "0".repeat(16) ? "" : parent,
    service: row.service,
    host: "",
    kind: kindOf(row),
    start: Number(row.startNano - 1_700_000_000_000_000_000n),
    duration: row.durationNano,
    peer: "",
    counts: true,
  };
}

function buckets(rows: readonly Row[]): number[] {
  const fast = rows.filter((row) => row.durationNano < 1_000_000).length;
  return [fast, rows.length - fast];
}

function summary(matched: Row): TraceSummary {
  const rows = rowsOf(matched.batch);
  const root = rows.find((row) => idAt(row.batch.parentIds, row.row) === "0".repeat(16));
  const start = rows.reduce(
    (least, row) => (row.startNano < least ? row.startNano : least),
    matched.startNano,
  );
  const end = rows.reduce(
    (most, row) => Math.max(most, Number(row.startNano - start) + row.durationNano),
    0,
  );
  return {
    traceId: matched.traceId,
    startUnixNano: String(start),
    durationNano: end,
    ...(root === undefined ? {} : { rootService: root.service, rootName: root.name }),
    spanCount: rows.length,
    errorCount: rows.filter(isError).length,
    services: [...new Set(rows.map((row) => row.service))].toSorted(),
    matched: {
      spanId: idAt(matched.batch.spanIds, matched.row),
      service: matched.service,
      name: matched.name,
      startUnixNano: String(matched.startNano),
      durationNano: matched.durationNano,
      kind: kindOf(matched),
      status: statusOf(matched),
    },
  };
}
