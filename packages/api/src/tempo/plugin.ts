// Tempo's query API for Grafana and others, under the prefix that the plugin is registered with. Errors are
// plain text, unknown parameters are ignored, fields are exactly tempo.proto's.

import { ClewError } from "@clew/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { useErrorSender } from "../http/error-senders.ts";
import { beginError } from "../http/foreign-error.ts";
import type { TempoOptions } from "./call.ts";
import { metricsRoutes } from "./metrics-routes.ts";
import { searchRoutes } from "./search-routes.ts";
import { traceRoutes } from "./trace-routes.ts";

/** The version of Tempo whose API this is: older Grafanas turn features on by it. */
const tempoVersion = "2.9.0";

/** Fastify plugin; register it with `{ prefix: "/tempo", ... }`. */
export async function tempoApi(server: FastifyInstance, options: TempoOptions): Promise<void> {
  useErrorSender(server, sendText);
  server.setNotFoundHandler((request, reply) => {
    const [path = ""] = request.url.split("?", 1);
    const message = `there is nothing at ${request.method} ${path.slice(0, 200)}`;
    sendText(new ClewError("not_found", message), request, reply);
  });
  server.get("/api/echo", async (_request, reply) => text(reply, "echo"));
  server.get("/ready", async (_request, reply) => {
    const { status, reasons } = options.health();
    if (status === "ok") return text(reply, "ready\n");
    return text(reply.code(503), `not ready: ${reasons.join("; ")}\n`);
  });
  const build = async (): Promise<Record<string, string>> => buildInfo(options.version);
  server.get("/api/status/buildinfo", build);
  server.get("/status/version", async (_request, reply) =>
    text(reply, `clew, version ${options.version} (Tempo API ${tempoVersion})\n`),
  );
  traceRoutes(server, options);
  searchRoutes(server, options);
  metricsRoutes(server, options);
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
