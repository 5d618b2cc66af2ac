// What the messages of jaeger.api_v2 and jaeger.api_v3 ask for. Their searches have the same fields; they
// differ in how a trace id is written and in whether a search needs its times.

import { ClewError } from "@clew/base";
import { type SpanFilter, type SpanKindName, type TimeRange, toHex } from "@clew/model";
import { kindOf } from "../names.ts";
import { checkDurations, durationFilter, traceIdOf, traceLimit } from "../search-parameters.ts";
import { tagFilter } from "../tags.ts";
import { Message } from "./message.ts";

const usualLookbackNano = 172_800_000_000_000n;

export interface GrpcSearch {
  readonly range: TimeRange;
  readonly filter: SpanFilter;
  readonly limit: number;
  readonly raw: boolean;
}

export interface GrpcTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly raw: boolean;
}

/** GetTraceRequest of api_v2: the id is 8 or 16 bytes. */
export function readTraceV2(bytes: Uint8Array): GrpcTrace {
  const request = new Message(bytes);
  const id = request.bytes(1);
  if (id.length !== 8 && id.length !== 16)
    throw new ClewError("bad_request", `trace_id has ${id.length} bytes, not 8 or 16`);
  return { traceId: toHex(id).padStart(32, "0"), raw: request.int(4) !== 0n };
}

/** GetTraceRequest of api_v3: the id is hex. */
export function readTraceV3(bytes: Uint8Array): GrpcTrace {
  const request = new Message(bytes);
  return { traceId: traceIdOf(request.text(1), "trace_id"), raw: request.int(4) !== 0n };
}

/** FindTracesRequest of either version. `needsTimes`: api_v3 demands both ends. Raises `bad_request`. */
export function readSearch(bytes: Uint8Array, nowNano: bigint, needsTimes: boolean): GrpcSearch {
  const query = new Message(bytes).message(1);
  if (query.has(10))
    throw new ClewError("unimplemented", "structured filters (query.filter) are not served");
  const service = query.text(1);
  const operation = query.text(2);
  const [minNano, maxNano] = [query.nano(6), query.nano(7)];
  checkDurations(minNano, maxNano, "duration_max", "duration_min");
  const filter: SpanFilter = {
    ...(service === "" ? {} : { service }),
    ...(operation === "" ? {} : { operation }),
    ...durationFilter(minNano, maxNano),
    ...tagFilter(query.entries(3)),
  };
  const depth = query.int(8);
  return {
    range: searchRange(query.nano(4), query.nano(5), nowNano, needsTimes),
    filter,
    limit: traceLimit(depth === 0n ? undefined : String(depth), "search_depth"),
    raw: query.int(9) !== 0n,
  };
}

function searchRange(
  start: bigint | undefined,
  end: bigint | undefined,
  nowNano: bigint,
  needsTimes: boolean,
): TimeRange {
  if (needsTimes && (start === undefined || end === undefined))
    throw new ClewError("bad_request", "start_time_min and start_time_max are required");
  const endNano = end ?? nowNano + 1n;
  const startNano = start ?? endNano - usualLookbackNano;
  if (startNano < endNano) return { startNano, endNano };
  throw new ClewError("bad_request", "start_time_min must be before start_time_max");
}

export interface GrpcOperations {
  readonly service: string;
  readonly kind: SpanKindName | undefined;
}

/** GetOperationsRequest of either version. Raises `bad_request`. */
export function readOperations(bytes: Uint8Array): GrpcOperations {
  const request = new Message(bytes);
  const service = request.text(1);
  if (service === "") throw new ClewError("bad_request", "service is required");
  const kind = request.text(2);
  return { service, kind: kind === "" ? undefined : kindOf(kind, "span_kind") };
}

/** GetDependenciesRequest of either version. Raises `bad_request`. */
export function readDependencies(bytes: Uint8Array): TimeRange {
  const request = new Message(bytes);
  const startNano = request.nano(1) ?? 0n;
  const endNano = request.nano(2);
  if (endNano !== undefined && startNano < endNano) return { startNano, endNano };
  throw new ClewError("bad_request", "start_time and end_time are required, in this order");
}
