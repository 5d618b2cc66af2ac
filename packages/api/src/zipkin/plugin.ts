// The Zipkin API as a Fastify plugin, registered under a prefix such as /zipkin. Errors are plain texts.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOtherMethods, refuseOtherPaths } from "../http/closed-routes.ts";
import { allowOrigins } from "../http/cors.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { type ZipkinApiOptions, zipkinCall } from "./options.ts";
import { zipkinRoutes } from "./routes.ts";

/** Fastify plugin: Zipkin's query API. */
export async function zipkinApi(server: FastifyInstance, options: ZipkinApiOptions): Promise<void> {
  allowOrigins(server, options.corsOrigins ?? []);
  useErrorSender(server, sendText);
  refuseOtherPaths(server, "404 Not Found");
  for (const [path, handle] of Object.entries(zipkinRoutes)) {
    server.get(path, async (request, reply) => {
      const answer = await handle(zipkinCall(options, request, reply));
      void reply.type("application/json; charset=utf-8");
      return answer;
    });
    refuseOtherMethods(server, path, ["GET"], "405 Method Not Allowed");
  }
}

function sendText(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { text } = beginError(thrown, request, reply);
  void reply.type("text/plain; charset=utf-8").send(text);
}
