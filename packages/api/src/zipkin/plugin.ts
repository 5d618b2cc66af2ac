// The Zipkin API as a Fastify plugin, registered under a prefix such as /zipkin. Errors are plain texts.

import { ClewError } from "@clew/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { allowOrigins } from "../http/cors.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { type ZipkinApiOptions, zipkinCall } from "./options.ts";
import { zipkinRoutes } from "./routes.ts";

const otherMethods = ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Fastify plugin: Zipkin's query API. */
export async function zipkinApi(server: FastifyInstance, options: ZipkinApiOptions): Promise<void> {
  allowOrigins(server, options.corsOrigins ?? []);
  useErrorSender(server, sendText);
  // A route of its own: what no route takes would otherwise be looked up among the files of the web UI.
  server.all("/*", async () => {
    throw new ClewError("not_found", "404 Not Found");
  });
  for (const [path, handle] of Object.entries(zipkinRoutes)) {
    server.get(path, async (request, reply) => {
      const answer = await handle(zipkinCall(options, request, reply));
      void reply.type("application/json; charset=utf-8");
      return answer;
    });
    server.route({
      method: otherMethods,
      url: path,
      // Before the body is read: its type or size is not what is wrong.
      onRequest: async (_request, reply) => {
        void reply.header("allow", "GET, HEAD");
        throw new ClewError("method_not_allowed", "405 Method Not Allowed");
      },
      handler: async () => undefined,
    });
  }
}

function sendText(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { text } = beginError(thrown, request, reply);
  void reply.type("text/plain; charset=utf-8").send(text);
}
