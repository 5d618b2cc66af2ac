// The methods of jaeger.api_v2.QueryService and jaeger.api_v3.QueryService (jaeger-idl) as functions from a
// request's bytes to its messages.

import { ClewError } from "@clew/base";
import { encodeJaegerChunks, encodeTraces } from "@clew/codec";
import type { SpanBatch } from "@clew/model";
import type { TraceReader } from "@clew/storage";
import { dependencies } from "../../traces/dependencies.ts";
import { findTraces } from "../../traces/whole-traces.ts";
import { operations, serviceNames } from "../names.ts";
import { findSummaries } from "../trace-summary.ts";
import {
  type GrpcTrace,
  readDependencies,
  readOperations,
  readSearch,
  readTraceV2,
  readTraceV3,
} from "./requests.ts";
import { writeDependencies, writeOperations, writeServices, writeSummary } from "./responses.ts";

export interface GrpcQuestion {
  readonly reader: TraceReader;
  readonly tenant: string;
  readonly nowNano: bigint;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

/** One method: a request's bytes to the messages of its answer. A unary method gives exactly one. */
export type GrpcAnswer = (question: GrpcQuestion, request: Uint8Array) => AsyncIterable<Uint8Array>;

/** GRPC clients take messages of 4 MiB unless told otherwise. */
const largestMessage = 3 * 1024 * 1024;
const chunkSpans = 2000;
const serving = Uint8Array.of(0x08, 0x01);

type Encode = (batch: SpanBatch, raw: boolean) => Iterable<Uint8Array>;

const asJaegerSpans: Encode = (batch, raw) => encodeJaegerChunks(batch, { raw });

function* asTracesData(batch: SpanBatch): Generator<Uint8Array> {
  for (let from = 0; from < batch.length; from += chunkSpans)
    yield* smallEnough(batch, from, Math.min(batch.length, from + chunkSpans));
}

function* smallEnough(batch: SpanBatch, from: number, to: number): Generator<Uint8Array> {
  const bytes = encodeTraces(batch, from, to);
  if (bytes.length <= largestMessage || to - from < 2) {
    yield bytes;
    return;
  }
  const middle = (from + to) >> 1;
  yield* smallEnough(batch, from, middle);
  yield* smallEnough(batch, middle, to);
}

function unary(
  work: (question: GrpcQuestion, request: Uint8Array) => Promise<Uint8Array>,
): GrpcAnswer {
  return async function* (question, request) {
    yield await work(question, request);
  };
}

function getTrace(read: (bytes: Uint8Array) => GrpcTrace, encode: Encode): GrpcAnswer {
  return async function* (question, request) {
    const { traceId, raw } = read(request);
    const batch = await question.reader.trace(question.tenant, traceId, question.signal);
    if (batch === undefined) throw new ClewError("not_found", "trace not found");
    yield* encode(batch, raw);
  };
}

function getTraces(needsTimes: boolean, encode: Encode): GrpcAnswer {
  return async function* (question, request) {
    const { reader, tenant, nowNano, signal } = question;
    const { raw, ...search } = readSearch(request, nowNano, needsTimes);
    const batches = await findTraces(reader, { tenant, ...search }, signal);
    for (const batch of batches) yield* encode(batch, raw);
  };
}

async function* getSummaries(
  question: GrpcQuestion,
  request: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const { reader, tenant, nowNano, signal } = question;
  const { raw: _, ...search } = readSearch(request, nowNano, true);
  const found = await findSummaries(reader, { tenant, ...search }, signal);
  for (const summary of found) yield writeSummary(summary);
}

const getServices = unary(async (question) => writeServices(await serviceNames(question)));

function getOperations(version: 2 | 3): GrpcAnswer {
  return unary(async (question, request) => {
    const { service, kind } = readOperations(request);
    return writeOperations(version, await operations(question, service, kind));
  });
}

const getDependencies = unary(async ({ reader, tenant, signal }, request) => {
  const range = readDependencies(request);
  return writeDependencies(dependencies(await reader.serviceMap({ tenant, range }, signal)));
});

const archive = unary(async () => {
  throw new ClewError("unimplemented", "archive span storage was not configured");
});

/** Methods by path. */
export const grpcMethods: Readonly<Record<string, GrpcAnswer>> = {
  "/jaeger.api_v2.QueryService/GetTrace": getTrace(readTraceV2, asJaegerSpans),
  "/jaeger.api_v2.QueryService/FindTraces": getTraces(false, asJaegerSpans),
  "/jaeger.api_v2.QueryService/GetServices": getServices,
  "/jaeger.api_v2.QueryService/GetOperations": getOperations(2),
  "/jaeger.api_v2.QueryService/GetDependencies": getDependencies,
  "/jaeger.api_v2.QueryService/ArchiveTrace": archive,
  "/jaeger.api_v3.QueryService/GetTrace": getTrace(readTraceV3, asTracesData),
  "/jaeger.api_v3.QueryService/FindTraces": getTraces(true, asTracesData),
  "/jaeger.api_v3.QueryService/FindTraceSummaries": getSummaries,
  "/jaeger.api_v3.QueryService/GetServices": getServices,
  "/jaeger.api_v3.QueryService/GetOperations": getOperations(3),
  "/jaeger.api_v3.QueryService/GetDependencies": getDependencies,
  // Load balancers ask it; the answer is HealthCheckResponse with status SERVING.
  "/grpc.health.v1.Health/Check": unary(async () => serving),
};
