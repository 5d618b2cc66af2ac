// The Jaeger API as a Fastify plugin, registered under a prefix such as /jaeger: the classic routes and
// /api/v3, each with the error shape that its clients read.

import { ClewError } from "@clew/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { allowOrigins } from "../http/cors.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { classicPosts, classicRoutes, type Get } from "./classic-routes.ts";
import { errorEnvelope } from "./envelope.ts";
import { keepJsonBodies } from "./json-body.ts";
import { type JaegerApiOptions, jaegerCall } from "./options.ts";
import { gatewayError } from "./v3-error.ts";
import { v3PostPaths, v3Posts, v3Routes } from "./v3-routes.ts";

const otherMethods = ["PUT", "PATCH", "DELETE", "OPTIONS"];

/** Fastify plugin: Jaeger's query API. */
export async function jaegerApi(server: FastifyInstance, options: JaegerApiOptions): Promise<void> {
  allowOrigins(server, options.corsOrigins ?? []);
  keepJsonBodies(server);
  useErrorSender(server, sendJaegerError);
  // A route of its own: what no route takes would otherwise be looked up among the files of the web UI.
  server.all("/*", async () => {
    throw new ClewError("not_found", "404 page not found");
  });
  const get: Get = (path, handle) => {
    server.get(path, async (request, reply) => {
      const answer = await handle(jaegerCall(options, request, reply));
      void reply.type("application/json; charset=utf-8");
      return answer;
    });
    server.route({
      method: v3PostPaths.has(path) ? otherMethods : [...otherMethods, "POST"],
      url: path,
      onRequest: async (request, reply) => {
        void reply.header("allow", v3PostPaths.has(path) ? "GET, HEAD, POST" : "GET, HEAD");
        throw new ClewError("method_not_allowed", `${request.method} is not possible here`);
      },
      handler: async () => undefined,
    });
  };
  classicRoutes(get);
  classicPosts(server);
  v3Routes(get);
  v3Posts(server, options);
}

function sendJaegerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, text } = beginError(thrown, request, reply);
  const isV3 = /\/api\/v3\//.test(request.url.split("?", 1)[0] ?? "");
  const body = isV3 ? gatewayError(status, text) : errorEnvelope({ code: status, msg: text });
  void reply.type("application/json; charset=utf-8").send(JSON.stringify(body));
}
