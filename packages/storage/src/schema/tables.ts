// The tables of the span store, as the first migration creates them. Plain ClickHouse SQL: chDB and a
// ClickHouse server take the same text. Shared by all: `tenant` leads every key; `day` is the day under
// which a row is kept (write/kept-day.ts) and `keep_days` its tenant's retention, and the two make the
// partition, so that retention drops whole parts. Rollup rows come pre-aggregated, one set a segment.

import {
  BODY_TYPE,
  EVENT_TYPE,
  KIND_TYPE,
  LINK_TYPE,
  NODE_TYPE,
  PLACE_TYPE,
  SCOPE_TYPE,
  SOURCE_TYPE,
  STATUS_TYPE,
  STEP_TYPE,
  VALUE_TYPE,
} from "./column-types.ts";
import { promotedAttributes } from "./promoted.ts";

const RETENTION = `PARTITION BY (day, keep_days)
TTL day + toIntervalDay(keep_days)`;

// fsync: an inserted part is on the disk before its segment of the write-ahead log goes away.
// The deduplication window makes a replayed insert a no-op.
// Statistics of columns (a hash of every value, at insert and at every merge) would serve joins, and the
// store joins nothing.
const REPLAYABLE =
  "ttl_only_drop_parts = 1, merge_with_ttl_timeout = 3600, non_replicated_deduplication_window = 10000, auto_statistics_types = ''";
const DURABLE = `${REPLAYABLE}, fsync_after_insert = 1, fsync_part_directory = 1`;

// Rollups are not synced: after kill -9 they are whole all the same, after a power cut the counts of the
// last half minute may be short while the spans are all there. Syncing them would cost half a
// microsecond of CPU a span.
const ROLLUP_SETTINGS = `${REPLAYABLE}, min_parts_to_merge_at_once = 16, default_compression_codec = 'ZSTD(1)'`;

// A fresh part is one file (compact: few fsyncs); merges make the wide, column-pruned parts. Merging at
// least 16 parts at once halves the merge work a span; see docs/adr/0004-span-layout.md.
const SPAN_SETTINGS =
  "min_bytes_for_wide_part = 134217728, min_parts_to_merge_at_once = 16, string_serialization_version = 'single_stream', default_compression_codec = 'ZSTD(1)'";

const ATTRIBUTE_MAPS = `
  str Map(LowCardinality(String), String),
  int Map(LowCardinality(String), Int64),
  dbl Map(LowCardinality(String), Float64),
  bool Map(LowCardinality(String), Bool),
  other Map(LowCardinality(String), String)`;

/** What RED tables sum up, with the day that rows are kept under. */
const RED_SUMS = `  day Date,
  keep_days UInt16,
  spans SimpleAggregateFunction(sum, UInt64),
  weight SimpleAggregateFunction(sum, Float64),
  duration_sum SimpleAggregateFunction(sum, Float64),
  duration_max SimpleAggregateFunction(max, Int64),
  hist SimpleAggregateFunction(sumMap, Map(UInt16, Float64))`;

const CONTENT_SETTINGS =
  "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 10000, default_compression_codec = 'ZSTD(1)'";

/** Tables of content that records refer to by id: equal rows, of which one is kept a day longer than they. */
const CONTENT_ENGINE = `) ENGINE = ReplacingMergeTree(day)
ORDER BY (tenant, id)
TTL day + toIntervalDay(keep_days + 1)
${CONTENT_SETTINGS}`;

const promotedColumns = promotedAttributes
  .map(
    ({ column, type }) => `  ${column} ${type === "string" ? "LowCardinality(String)" : "UInt16"}`,
  )
  .join(",\n");

/**
 * Nanoseconds since the last whole minute. Spans at a whole minute lie where the minutes of the rollups meet,
 * and TraceQL counts them with the earlier one: granules without any (nearly all, where clocks are finer than
 * milliseconds) are passed over. See planner/metrics/rollup-cells.ts.
 */
export const SINCE_MINUTE = "toUnixTimestamp64Nano(start) % 60000000000";
export const SINCE_MINUTE_INDEX: string = `INDEX since_minute ${SINCE_MINUTE} TYPE minmax GRANULARITY 1`;

/**
 * One row a span, in trace order inside each minute: a trace lies together, a time range too. `minute`
 * (minutes since 1970 of `start`) is a column so that queries name it: a range on `start` alone would not
 * reach the primary key, and a function in the key would bind differently from one engine to the next.
 */
const spans = `CREATE TABLE spans (
  tenant LowCardinality(String),
  day Date,
  keep_days UInt16,
  minute UInt32,
  start DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  duration Int64,
  trace_id FixedString(16),
  span_id FixedString(8),
  parent_span_id FixedString(8),
  trace_state String,
  flags UInt32,
  service LowCardinality(String),
  name LowCardinality(String),
  kind ${KIND_TYPE},
  status ${STATUS_TYPE},
  status_message String,
  adjusted_count Float32,
  resource_id UInt64,
  scope_id UInt64,
  dropped_attributes UInt32,
  dropped_events UInt32,
  dropped_links UInt32,
${promotedColumns},${ATTRIBUTE_MAPS},
  events Array(${EVENT_TYPE}),
  links Array(${LINK_TYPE}),
  INDEX by_string_value mapValues(str) TYPE bloom_filter(0.01) GRANULARITY 1,
  ${SINCE_MINUTE_INDEX}
) ENGINE = MergeTree
${RETENTION}
ORDER BY (tenant, minute, trace_id)
SETTINGS ${DURABLE}, ${SPAN_SETTINGS}`;

/**
 * Where a trace lies and what it is. Rows of one trace add up: read with GROUP BY trace_id. Reads are of
 * single random rows, so granules and compressed blocks are small: 50 traces of a million in 20 ms instead
 * of 80, for 6 % more disk.
 */
const traceIndex = `CREATE TABLE trace_index (
  tenant LowCardinality(String),
  trace_id FixedString(16),
  day Date,
  keep_days UInt16,
  start SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
  end SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
  minutes SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)),
  spans SimpleAggregateFunction(sum, UInt64),
  errors SimpleAggregateFunction(sum, UInt64),
  root_service SimpleAggregateFunction(max, String),
  root_name SimpleAggregateFunction(max, String),
  services SimpleAggregateFunction(groupUniqArrayArray, Array(String))
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, trace_id)
SETTINGS ${DURABLE}, min_parts_to_merge_at_once = 16, index_granularity = 256, min_compress_block_size = 4096, max_compress_block_size = 16384, default_compression_codec = 'ZSTD(1)', allow_nullable_key = 0`;

/**
 * Rate, errors, duration by minute or hour. `hist` counts spans by floor(log2(max(duration, 1)) * 16)
 * of the duration in nanoseconds, so a bucket is 4.4 % wide; `weight` and `hist` are adjusted counts.
 */
function red(table: string, time: string): string {
  return `CREATE TABLE ${table} (
  tenant LowCardinality(String),
  service LowCardinality(String),
  name LowCardinality(String),
  kind ${KIND_TYPE},
  status ${STATUS_TYPE},
  ${time} DateTime64(0, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
${RED_SUMS}
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, service, name, kind, status, ${time}, day, keep_days)
SETTINGS ${ROLLUP_SETTINGS}`;
}

/**
 * RED of whole services, which is what the first page and the service charts ask for: a hundredth of the
 * rows of `red_1m`, and ordered by time. `step` says whether a row stands for a minute or an hour.
 */
const serviceRed = `CREATE TABLE service_red (
  tenant LowCardinality(String),
  step ${STEP_TYPE},
  time DateTime64(0, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  service LowCardinality(String),
  kind ${KIND_TYPE},
  status ${STATUS_TYPE},
${RED_SUMS}
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, step, time, service, kind, status, day, keep_days)
SETTINGS ${ROLLUP_SETTINGS}`;

/** Calls between services, and from services to databases, queues and peers that send no spans. */
const edges = `CREATE TABLE edges_1m (
  tenant LowCardinality(String),
  source LowCardinality(String),
  target LowCardinality(String),
  target_type ${NODE_TYPE},
  source_type ${SOURCE_TYPE},
  minute DateTime64(0, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  day Date,
  keep_days UInt16,
  weight SimpleAggregateFunction(sum, Float64),
  errors SimpleAggregateFunction(sum, Float64),
  hist SimpleAggregateFunction(sumMap, Map(UInt16, Float64))
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, minute, source, target, target_type, source_type, day, keep_days)
SETTINGS ${ROLLUP_SETTINGS}`;

const attributeKeys = `CREATE TABLE attribute_keys (
  tenant LowCardinality(String),
  scope ${SCOPE_TYPE},
  key LowCardinality(String),
  type ${VALUE_TYPE},
  day Date,
  keep_days UInt16,
  count SimpleAggregateFunction(sum, UInt64)
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, scope, key, type, day, keep_days)
SETTINGS ${ROLLUP_SETTINGS}`;

/** Common values by day; counts are estimates, and a key keeps at most a bounded number of values an hour. */
const attributeValues = `CREATE TABLE attribute_values (
  tenant LowCardinality(String),
  scope ${SCOPE_TYPE},
  key LowCardinality(String),
  type ${VALUE_TYPE},
  value String,
  day Date,
  keep_days UInt16,
  count SimpleAggregateFunction(sum, UInt64)
) ENGINE = AggregatingMergeTree
${RETENTION}
ORDER BY (tenant, scope, key, type, value, day, keep_days)
SETTINGS ${ROLLUP_SETTINGS}`;

/** Distinct resources; `id` is derived from the content (write/content-ids.ts). */
const resources = `CREATE TABLE resources (
  tenant LowCardinality(String),
  id UInt64,
  day Date,
  keep_days UInt16,
  service LowCardinality(String),
  schema_url String,
  entity_refs String,
  dropped_attributes UInt32,${ATTRIBUTE_MAPS}
${CONTENT_ENGINE}`;

const scopes = `CREATE TABLE scopes (
  tenant LowCardinality(String),
  id UInt64,
  day Date,
  keep_days UInt16,
  name LowCardinality(String),
  version LowCardinality(String),
  schema_url String,
  dropped_attributes UInt32,${ATTRIBUTE_MAPS}
${CONTENT_ENGINE}`;

/**
 * Where attributes of a key lie in table `spans`: complete, because rows come before the spans they speak of
 * and with the same durability. A column that is not listed has no value of the key; a promoted column is not listed.
 */
const attributePlaces = `CREATE TABLE attribute_places (
  tenant LowCardinality(String),
  key String,
  place ${PLACE_TYPE},
  day Date,
  keep_days UInt16
) ENGINE = ReplacingMergeTree(day)
ORDER BY (tenant, key, place)
TTL day + toIntervalDay(keep_days + 1)
${CONTENT_SETTINGS}`;

/** OTLP log records. \`time\` is the record's time, or its observed time where the source gave none. */
const logs = `CREATE TABLE logs (
  tenant LowCardinality(String),
  day Date,
  keep_days UInt16,
  minute UInt32,
  time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  source_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  observed_time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  trace_id FixedString(16),
  span_id FixedString(8),
  flags UInt32,
  service LowCardinality(String),
  severity_number UInt8,
  severity_text LowCardinality(String),
  event_name LowCardinality(String),
  body_type ${BODY_TYPE},
  body String,
  resource_id UInt64,
  scope_id UInt64,
  dropped_attributes UInt32,${ATTRIBUTE_MAPS},
  INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
${RETENTION}
ORDER BY (tenant, minute, trace_id)
SETTINGS ${DURABLE}, ${SPAN_SETTINGS}`;

/** Table name -> its CREATE TABLE. The names are the only table identifiers that SQL is built from. */
export const tables: Readonly<Record<TableName, string>> = {
  spans,
  trace_index: traceIndex,
  red_1m: red("red_1m", "minute"),
  red_1h: red("red_1h", "hour"),
  service_red: serviceRed,
  edges_1m: edges,
  attribute_keys: attributeKeys,
  attribute_values: attributeValues,
  resources,
  scopes,
  attribute_places: attributePlaces,
  logs,
};

export type TableName =
  | "spans"
  | "trace_index"
  | "red_1m"
  | "red_1h"
  | "service_red"
  | "edges_1m"
  | "attribute_keys"
  | "attribute_values"
  | "resources"
  | "scopes"
  | "attribute_places"
  | "logs";
