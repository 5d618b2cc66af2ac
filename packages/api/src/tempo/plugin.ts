// Tempo's query API for Grafana and others, under the prefix that the plugin is registered with. Errors are
// plain text, unknown parameters are ignored, fields are exactly tempo.proto's.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuseOtherMethods, refuseOtherPaths } from "../http/closed-routes.ts";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import { type Ask, beginCall, type TempoOptions } from "./call.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { searchRoutes } from "./search-routes.ts";
import { traceRoutes } from "./trace-routes.ts";

/** The version of Tempo whose API this is: older Grafanas turn features on by it. */
const tempoVersion = "2.9.0";

type Get = (
  path: string,
  answer: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
) => void;

/** Fastify plugin; register it with `{ prefix: "/tempo", ... }`. */
export async function tempoApi(server: FastifyInstance, options: TempoOptions): Promise<void> {
  useErrorSender(server, sendText);
  refuseOtherPaths(server);
  const get: Get = (path, answer) => {
    server.get(path, answer);
    refuseOtherMethods(server, path, ["GET"]);
  };
  get("/api/echo", async (_request, reply) => text(reply, "echo"));
  get("/ready", async (_request, reply) => {
    const { status, reasons } = options.health();
    if (status === "ok") return text(reply, "ready\n");
    return text(reply.code(503), `not ready: ${reasons.join("; ")}\n`);
  });
  get("/api/status/buildinfo", async () => buildInfo(options.version));
  get("/status/version", async (_request, reply) =>
    text(reply, `clew, version ${options.version} (Tempo API ${tempoVersion})\n`),
  );
  const ask: Ask = (path, answer) => {
    get(path, (request, reply) => answer(options, beginCall(options, request, reply)));
  };
  traceRoutes(ask);
  searchRoutes(ask);
  metricsRoutes(ask);
}

function buildInfo(version: string): Record<string, string> {
  return {
    version: tempoVersion,
    revision: `clew-${version}`,
    branch: "clew",
    buildDate: "",
    buildUser: "",
    goVersion: "",
  };
}

function text(reply: FastifyReply, body: string): FastifyReply {
  return reply.type("text/plain; charset=utf-8").send(body);
}

function sendText(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  text(reply, beginError(thrown, request, reply).text);
}
