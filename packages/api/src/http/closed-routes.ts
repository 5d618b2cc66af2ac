// What a foreign API refuses below its prefix: paths that it does not have, and methods that a path does not take.
// Both come before a body is read: its type or size is not what is wrong.

import { ClewError } from "@clew/base";
import type { FastifyInstance } from "fastify";

const allMethods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Refuses every path of the plugin that no route takes. As a route, because the web UI's files take all paths on the
 * same listener, and a handler for missing routes would never be asked.
 */
export function refuseOtherPaths(server: FastifyInstance, message?: string): void {
  server.all("/*", {
    onRequest: async ({ method, url }) => {
      const [path = ""] = url.split("?", 1);
      const what = message ?? `there is nothing at ${method} ${path.slice(0, 200)}`;
      throw new ClewError("not_found", what);
    },
    handler: async () => undefined,
  });
}

/** Refuses the methods that a path does not take. GET includes HEAD. */
export function refuseOtherMethods(
  server: FastifyInstance,
  url: string,
  taken: readonly string[],
  message?: string,
): void {
  server.route({
    method: allMethods.filter((method) => !taken.includes(method)),
    url,
    onRequest: async ({ method }, reply) => {
      const allowed = taken.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one]));
      void reply.header("allow", allowed.join(", "));
      throw new ClewError("method_not_allowed", message ?? `${method} is not possible here`);
    },
    handler: async () => undefined,
  });
}
