// Jaeger's classic HTTP routes, /api/*: what Jaeger UI up to 2.14, Grafana's data source and most other
// tools speak. Later UIs ask them for traces, dependencies and metrics.

import { ClewError } from "@clew/base";
import { decodeTracesJson, encodeJaegerTracesJson, rowsByTrace } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import type { FastifyInstance } from "fastify";
import { dependencies } from "../traces/dependencies.ts";
import { findTraces, readTraces } from "../traces/whole-traces.ts";
import { envelope, streamedEnvelope } from "./envelope.ts";
import { jsonBody } from "./json-body.ts";
import { metricFamily, minimumStepMs } from "./metrics.ts";
import { kindOf, operations, serviceNames } from "./names.ts";
import type { JaegerCall } from "./options.ts";
import {
  lookbackRange,
  readRaw,
  readSearch,
  readTraceIds,
  traceIdOf,
} from "./search-parameters.ts";

/** Hangs a handler on a GET route. */
export type Get = (path: string, handle: (call: JaegerCall) => Promise<unknown>) => void;

const dayMs = 86_400_000n;
/** Bytes of OTLP JSON: a trace that was saved to a file. */
const largestTransform = 16 * 1024 * 1024;

/** The GET routes. */
export function classicRoutes(get: Get): void {
  get("/api/services", async (call) => {
    const names = await serviceNames(call);
    return envelope(names, names.length);
  });

  get("/api/services/:service/operations", async (call) => {
    const { service } = call.request.params as { readonly service: string };
    const names = new Set((await operations(call, service, undefined)).map(({ name }) => name));
    return envelope([...names], names.size);
  });

  get("/api/operations", async (call) => {
    const service = call.query.one("service");
    if (service === undefined)
      throw new ClewError("bad_request", "parameter 'service' is required");
    const kind = call.query.one("spanKind");
    const wanted = kind === undefined ? undefined : kindOf(kind, "spanKind");
    const found = await operations(call, service, wanted);
    return envelope(found, found.length);
  });

  get("/api/traces", async (call) => {
    const raw = readRaw(call.query);
    const ids = readTraceIds(call.query);
    return ids.length > 0 ? tracesById(call, ids, raw) : searched(call, raw);
  });

  get("/api/traces/:traceId", async (call) => {
    const { traceId } = call.request.params as { readonly traceId: string };
    const raw = readRaw(call.query);
    const batch = await call.reader.trace(call.tenant, traceIdOf(traceId), call.signal);
    if (batch === undefined || batch.length === 0)
      throw new ClewError("not_found", "trace not found");
    return streamedEnvelope(encodeJaegerTracesJson(batch, { raw }));
  });

  get("/api/dependencies", async ({ reader, tenant, query, nowNano, signal }) => {
    const range = lookbackRange(query, nowNano, dayMs);
    const service = query.one("service");
    const links = dependencies(await reader.serviceMap({ tenant, range }, signal));
    return envelope(
      links
        .filter(({ parent, child }) => !service || service === parent || service === child)
        .map(({ parent, child, callCount }) => ({ parent, child, callCount })),
    );
  });

  get("/api/metrics/minstep", async () => envelope(minimumStepMs));
  for (const kind of ["latencies", "calls", "errors"] as const)
    get(`/api/metrics/${kind}`, (call) => metricFamily(kind, call));
}

/** The POST routes: OTLP JSON shown as Jaeger would, and the archive, which Clew has not. */
export function classicPosts(server: FastifyInstance): void {
  server.post("/api/transform", { bodyLimit: largestTransform }, async (request, reply) => {
    const batch = new SpanBatch();
    batch.beginRequest("", 0);
    decodeTracesJson(jsonBody(request), batch);
    void reply.type("application/json; charset=utf-8");
    return streamedEnvelope(encodeJaegerTracesJson(batch));
  });
  server.post("/api/archive/:traceId", async () => {
    throw new ClewError("unimplemented", "archive span storage was not configured");
  });
}

async function searched(call: JaegerCall, raw: boolean): Promise<unknown> {
  const { reader, tenant, query, nowNano, signal } = call;
  const batches = await findTraces(reader, { tenant, ...readSearch(query, nowNano) }, signal);
  return streamedEnvelope(traceTexts(batches, raw));
}

async function tracesById(
  { reader, tenant, signal }: JaegerCall,
  ids: readonly string[],
  raw: boolean,
): Promise<unknown> {
  const batches = await readTraces(reader, tenant, ids, signal);
  const found = new Set(batches.flatMap((batch) => [...rowsByTrace(batch).keys()]));
  const missing = ids.filter((id) => !found.has(id));
  const errors = missing.map((traceID) => ({ code: 404, msg: "trace not found", traceID }));
  return streamedEnvelope(traceTexts(batches, raw), errors);
}

function* traceTexts(batches: readonly SpanBatch[], raw: boolean): Generator<string> {
  let separator = "";
  for (const batch of batches) {
    yield separator;
    yield* encodeJaegerTracesJson(batch, { raw });
    separator = ",";
  }
}
