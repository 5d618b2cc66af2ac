// Zipkin's query routes, /api/v2/* (openzipkin/zipkin-api, zipkin2-api.yaml), and what its UI Lens asks for
// beside them.

import { ClewError } from "@clew/base";
import { encodeZipkinTracesJson } from "@clew/codec";
import type { SpanBatch } from "@clew/model";
import { appendVary } from "../http/compression.ts";
import { textStream } from "../http/large-pieces.ts";
import { dependencies } from "../traces/dependencies.ts";
import { findTraces, readTraces, wholeTraces } from "../traces/whole-traces.ts";
import { lensConfig } from "./lens-config.ts";
import type { ZipkinCall } from "./options.ts";
import { readRange, readSearch, readTraceId, readTraceIds, required } from "./parameters.ts";
import { remoteServices, searchRemote } from "./remote-service.ts";

/** Answers one question: a list, an object or a stream of JSON. */
export type ZipkinHandler = (call: ZipkinCall) => Promise<unknown>;

const dayNano = 86_400_000_000_000n;
/** Lists of names have no range of their own: whoever sent spans lately is listed. */
const listedDays = 7n;
const mostKeys = 100;
const mostValues = 200;
/** Lists of names are cached only where they are long: who tries Zipkin out must not see stale ones. */
const fewServices = 3;

/** Handlers by path. */
export const zipkinRoutes: Readonly<Record<string, ZipkinHandler>> = {
  "/config.json": async () => lensConfig,
  "/api/v2/services": async (call) => {
    const names = await serviceNames(call);
    cacheNames(call, names.length);
    return names;
  },
  "/api/v2/spans": async (call) => {
    const { reader, tenant, query, nowNano, signal } = call;
    const service = required(query, "serviceName");
    const range = listedRange(nowNano);
    const [services, found] = await Promise.all([
      serviceNames(call),
      reader.operations({ tenant, range, service }, signal),
    ]);
    cacheNames(call, services.length);
    return [...new Set(found.map(({ operation }) => operation))].filter(isName).toSorted();
  },
  "/api/v2/remoteServices": async (call) => {
    const { reader, tenant, query, nowNano, signal } = call;
    const service = required(query, "serviceName");
    const range = listedRange(nowNano);
    const [services, names] = await Promise.all([
      serviceNames(call),
      remoteServices(reader, { tenant, range }, service, signal),
    ]);
    cacheNames(call, services.length);
    return names;
  },
  "/api/v2/traces": async ({ reader, tenant, query, nowNano, signal }) => {
    const { remoteServiceName, ...search } = readSearch(query, nowNano);
    const asked = { tenant, ...search };
    if (remoteServiceName === undefined) return traceList(await findTraces(reader, asked, signal));
    const summaries = await searchRemote(reader, asked, remoteServiceName, signal);
    return traceList(await wholeTraces(reader, tenant, summaries, signal));
  },
  "/api/v2/trace/:traceId": async ({ reader, tenant, request, signal }) => {
    const { traceId } = request.params as { readonly traceId: string };
    const batch = await reader.trace(tenant, readTraceId(traceId), signal);
    if (batch === undefined || batch.length === 0)
      throw new ClewError("not_found", `${traceId.trim()} not found`);
    return textStream(encodeZipkinTracesJson(batch));
  },
  "/api/v2/traceMany": async ({ reader, tenant, query, signal }) => {
    return traceList(await readTraces(reader, tenant, readTraceIds(query), signal));
  },
  "/api/v2/dependencies": async ({ reader, tenant, query, nowNano, signal }) => {
    const range = readRange(query, nowNano, true);
    const links = dependencies(await reader.serviceMap({ tenant, range }, signal));
    return links.map(({ errorCount, ...link }) =>
      errorCount === 0 ? link : { ...link, errorCount },
    );
  },
  "/api/v2/autocompleteKeys": async ({ reader, tenant, nowNano, signal }) => {
    const range = listedRange(nowNano);
    const asked = { tenant, range, scope: "any", prefix: "", limit: mostKeys } as const;
    const keys = await reader.attributeKeys(asked, signal);
    return [...new Set(keys.map(({ key }) => key))];
  },
  "/api/v2/autocompleteValues": async ({ reader, tenant, query, nowNano, signal }) => {
    const key = required(query, "key");
    const range = listedRange(nowNano);
    const asked = { tenant, range, scope: "any", prefix: "", limit: mostValues, key } as const;
    const values = await reader.attributeValues(asked, signal);
    return [...new Set(values.map(({ value }) => value))].toSorted();
  },
};

async function serviceNames({ reader, tenant, nowNano, signal }: ZipkinCall): Promise<string[]> {
  const services = await reader.services({ tenant, range: listedRange(nowNano) }, signal);
  return services
    .map(({ service }) => service)
    .filter(isName)
    .toSorted();
}

function isName(name: string): boolean {
  return name !== "";
}

function listedRange(nowNano: bigint): { startNano: bigint; endNano: bigint } {
  return { startNano: nowNano - listedDays * dayNano, endNano: nowNano + 1n };
}

function cacheNames({ reply, tenantHeaders }: ZipkinCall, services: number): void {
  if (services <= fewServices) return;
  void reply.header("cache-control", "max-age=300, must-revalidate");
  for (const header of tenantHeaders) appendVary(reply, header);
}

function traceList(batches: readonly SpanBatch[]): unknown {
  return textStream(listTexts(batches));
}

function* listTexts(batches: readonly SpanBatch[]): Generator<string> {
  let separator = "[";
  for (const batch of batches) {
    yield separator;
    yield* encodeZipkinTracesJson(batch);
    separator = ",";
  }
  yield batches.length === 0 ? "[]" : "]";
}
