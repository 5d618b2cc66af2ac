// The native API as a Fastify plugin: walks the route table and hangs each entry on the listener.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOtherMethods } from "../http/closed-routes.ts";
import { disconnectSignal } from "../http/disconnect.ts";
import { tenantOf } from "../http/tenant.ts";
import { nativePrefix } from "./openapi.ts";
import { type RawQuery, readBody, readParameters } from "./parameters.ts";
import type { NativeApiOptions, Route } from "./route.ts";
import { nativeRoutes } from "./routes.ts";

/** Fastify plugin: the routes of the native API under `/api/v1`. */
export async function nativeApi(server: FastifyInstance, options: NativeApiOptions): Promise<void> {
  for (const [path, entries] of Map.groupBy(nativeRoutes, (entry) => entry.path)) {
    const url = nativePrefix + path;
    for (const entry of entries) {
      server.route({
        method: entry.method ?? "GET",
        url,
        handler: (request, reply) => answer(entry, options, request, reply),
      });
    }
    refuseOtherMethods(
      server,
      url,
      entries.map(({ method = "GET" }) => method),
    );
  }
}

async function answer(
  entry: Route,
  options: NativeApiOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const signal = disconnectSignal(reply);
  const call = {
    get reader() {
      return options.reader();
    },
    get traceql() {
      return options.traceql();
    },
    options,
    tenant: tenantOf(request.headers, options.tenantHeader),
    path: readParameters(entry.parameters, request.params as RawQuery),
    query: readParameters(entry.query, request.query as RawQuery),
    body: entry.body === undefined ? undefined : readBody(entry.body, request.body),
    nowNano: (options.now ?? systemNow)(),
    signal,
    request,
    reply,
  };
  const result = await entry.handle(call);
  if (!reply.hasHeader("content-type")) void reply.type("application/json; charset=utf-8");
  return result;
}

function systemNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
