// The native API as a Fastify plugin: walks the route table and hangs each entry on the listener.

import { ClewError } from "@clew/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { disconnectSignal } from "../http/disconnect.ts";
import { tenantOf } from "../http/tenant.ts";
import { nativePrefix } from "./openapi.ts";
import { type RawQuery, readParameters } from "./parameters.ts";
import type { NativeApiOptions, Route } from "./route.ts";
import { nativeRoutes } from "./routes.ts";

const otherMethods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Fastify plugin: the routes of the native API under `/api/v1`. */
export async function nativeApi(server: FastifyInstance, options: NativeApiOptions): Promise<void> {
  for (const entry of nativeRoutes) {
    const url = nativePrefix + entry.path;
    server.get(url, (request, reply) => answer(entry, options, request, reply));
    server.route({
      method: otherMethods,
      url,
      // Before the body is read: its type or size is not what is wrong.
      onRequest: async (request, reply) => {
        void reply.header("allow", "GET, HEAD");
        throw new ClewError(
          "method_not_allowed",
          `${request.method} is not possible here, only GET`,
        );
      },
      handler: async () => undefined,
    });
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
