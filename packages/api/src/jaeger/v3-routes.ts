// /api/v3 (jaeger-idl, api_v3/query_service.proto): Jaeger UI asks it for names from 2.15 on, and for the
// list of traces from 2.19 on. Traces are OTLP JSON.

import { ClewError } from "@clew/base";
import { encodeTracesJson, fromBase64 } from "@clew/codec";
import { type SpanBatch, toHex } from "@clew/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { textStream } from "../http/large-pieces.ts";
import { dependencies } from "../traces/dependencies.ts";
import { findTraces } from "../traces/whole-traces.ts";
import type { Get } from "./classic-routes.ts";
import { parsedBody } from "./json-body.ts";
import { kindOf, operations, serviceNames } from "./names.ts";
import { type JaegerApiOptions, type JaegerCall, jaegerCall } from "./options.ts";
import { traceIdOf } from "./search-parameters.ts";
import { findSummaries } from "./trace-summary.ts";
import { fromBody, fromQuery, type Lookup, readTime, readV3Search } from "./v3-parameters.ts";

const noTraces = "No traces found";

/** The GET routes. */
export function v3Routes(get: Get): void {
  get("/api/v3/services", async (call) => ({ services: await serviceNames(call) }));

  get("/api/v3/operations", async (call) => {
    const service = call.query.one("service");
    if (service === undefined) throw new ClewError("bad_request", "malformed parameter service");
    const kind = call.query.one("spanKind") ?? call.query.one("span_kind");
    const wanted = kind === undefined ? undefined : kindOf(kind, "spanKind");
    return { operations: await operations(call, service, wanted) };
  });

  get("/api/v3/traces/:traceId", async (call) => {
    const { traceId } = call.request.params as { readonly traceId: string };
    const batch = await call.reader.trace(call.tenant, anyTraceId(traceId), call.signal);
    if (batch === undefined) throw new ClewError("not_found", noTraces);
    return result([batch]);
  });

  get("/api/v3/traces", (call) => traces(call, fromQuery(call.query)));
  get("/api/v3/trace-summaries", (call) => summaries(call, fromQuery(call.query)));

  get("/api/v3/dependencies", async ({ reader, tenant, query, signal }) => {
    const start = query.one("startTime") ?? query.one("start_time");
    const end = query.one("endTime") ?? query.one("end_time");
    if (start === undefined || end === undefined)
      throw new ClewError("bad_request", "startTime and endTime are required");
    const range = { startNano: readTime("startTime", start), endNano: readTime("endTime", end) };
    const links = dependencies(await reader.serviceMap({ tenant, range }, signal));
    return {
      dependencies: links.map(({ parent, child, callCount }) => ({
        parent,
        child,
        callCount: String(callCount),
      })),
    };
  });
}

/** Paths that take POST too. */
export const v3PostPaths: ReadonlySet<string> = new Set([
  "/api/v3/traces",
  "/api/v3/trace-summaries",
]);

/** The same searches with their parameters in a JSON body. */
export function v3Posts(server: FastifyInstance, options: JaegerApiOptions): void {
  const post = (
    path: string,
    handle: (call: JaegerCall, given: Lookup) => Promise<unknown>,
  ): void => {
    server.post(path, async (request: FastifyRequest, reply: FastifyReply) => {
      const call = jaegerCall(options, request, reply);
      const answer = await handle(call, fromBody(parsedBody(request)));
      void reply.type("application/json; charset=utf-8");
      return answer;
    });
  };
  post("/api/v3/traces", traces);
  post("/api/v3/trace-summaries", summaries);
}

async function traces(call: JaegerCall, given: Lookup): Promise<unknown> {
  const { reader, tenant, signal } = call;
  const batches = await findTraces(reader, { tenant, ...readV3Search(given) }, signal);
  if (batches.length === 0) throw new ClewError("not_found", noTraces);
  return result(batches);
}

async function summaries(call: JaegerCall, given: Lookup): Promise<unknown> {
  const { reader, tenant, signal } = call;
  const found = await findSummaries(reader, { tenant, ...readV3Search(given) }, signal);
  return {
    summaries: found.map((summary) => {
      const { startNano, endNano, ...rest } = summary;
      return {
        ...rest,
        minStartTimeUnixNano: String(startNano),
        maxEndTimeUnixNano: String(endNano),
      };
    }),
  };
}

function result(batches: readonly SpanBatch[]): unknown {
  return textStream(resultTexts(batches));
}

function* resultTexts(batches: readonly SpanBatch[]): Generator<string> {
  yield '{"result":';
  yield* encodeTracesJson(...batches);
  yield "}";
}

/** Hex, or base64 of 8 or 16 bytes, which is how protobuf's JSON writes bytes. */
function anyTraceId(text: string): string {
  if (!/^[0-9a-fA-F]{1,32}$/.test(text) && /^[\w+/-]{11,22}={0,2}$/.test(text)) {
    const bytes = new Uint8Array(text.length);
    const source = Buffer.from(text);
    const length = fromBase64(source, 0, source.length, bytes);
    if (length === 8 || length === 16) return toHex(bytes, 0, length).padStart(32, "0");
  }
  return traceIdOf(text, "trace_id");
}
