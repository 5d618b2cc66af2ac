// The Jaeger API as a Fastify plugin, registered under a prefix such as /jaeger: the classic routes and
// /api/v3, each with the error shape that its clients read.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOtherMethods, refuseOtherPaths } from "../http/closed-routes.ts";
import { allowOrigins } from "../http/cors.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { classicPosts, classicRoutes, type Get } from "./classic-routes.ts";
import { errorEnvelope } from "./envelope.ts";
import { indented } from "./indented-json.ts";
import { keepJsonBodies } from "./json-body.ts";
import { type JaegerApiOptions, type JaegerCall, jaegerCall } from "./options.ts";
import { gatewayError } from "./v3-error.ts";
import { v3PostPaths, v3Posts, v3Routes } from "./v3-routes.ts";

/** Fastify plugin: Jaeger's query API. */
export async function jaegerApi(server: FastifyInstance, options: JaegerApiOptions): Promise<void> {
  allowOrigins(server, options.corsOrigins ?? []);
  keepJsonBodies(server);
  useErrorSender(server, sendJaegerError);
  refuseOtherPaths(server, "404 page not found");
  const get: Get = (path, handle) => {
    server.get(path, async (request, reply) => {
      const call = jaegerCall(options, request, reply);
      const answer = await handle(call);
      void reply.type("application/json; charset=utf-8");
      return isPretty(call) ? indented(answer) : answer;
    });
    refuseOtherMethods(server, path, v3PostPaths.has(path) ? ["GET", "POST"] : ["GET"]);
  };
  classicRoutes(get);
  classicPosts(server);
  v3Routes(get);
  v3Posts(server, options);
}

/** Anything but `false` asks for line breaks, as in Jaeger. */
function isPretty({ query }: JaegerCall): boolean {
  return (query.one("prettyPrint") ?? "false") !== "false";
}

function sendJaegerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, text } = beginError(thrown, request, reply);
  const isV3 = /\/api\/v3\//.test(request.url.split("?", 1)[0] ?? "");
  const body = isV3 ? gatewayError(status, text) : errorEnvelope({ code: status, msg: text });
  void reply.type("application/json; charset=utf-8").send(JSON.stringify(body));
}
