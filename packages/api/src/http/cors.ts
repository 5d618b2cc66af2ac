// CORS (Fetch standard) for query APIs whose UI is served from another origin. Only listed origins are
// answered, `*` for all; nothing is ever sent with credentials, which Clew does not use.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { appendVary } from "./compression.ts";

const maxAgeSeconds = "7200";
const headerList = /^[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2048}$/;

/** Lets pages of `origins` read what is below this plugin's prefix, and answers their preflights. */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  server.addHook("onRequest", async (request, reply) => {
    if (!allow(origins, request, reply)) return;
    if (request.method !== "OPTIONS") return;
    const asked = request.headers["access-control-request-headers"];
    void reply.headers({
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers":
        asked !== undefined && headerList.test(asked) ? asked : "content-type",
      "access-control-max-age": maxAgeSeconds,
    });
    return reply.code(204).send();
  });
}

/** True when the request's page may read the answer; the headers that say so are set. */
function allow(origins: readonly string[], request: FastifyRequest, reply: FastifyReply): boolean {
  const { origin } = request.headers;
  const everyone = origins.includes("*");
  if (!everyone) appendVary(reply, "origin");
  if (origin === undefined || !(everyone || origins.includes(origin))) return false;
  void reply.headers({
    "access-control-allow-origin": everyone ? "*" : origin,
    "access-control-expose-headers": "retry-after",
  });
  return true;
}
