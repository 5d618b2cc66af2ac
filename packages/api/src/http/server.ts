// The HTTP listener that every query API hangs on: limits, one error shape for whatever goes wrong before
// a route is reached, security headers, compression and request metrics.

import type { Socket } from "node:net";
import { ClewError } from "@clew/base";
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from "fastify";
import type { MetricsRegistry } from "../metrics/registry.ts";
import { serveWebUi, type WebUiOptions } from "../web/web-ui.ts";
import { compressAnswer } from "./compression.ts";
import { sendFrameworkError } from "./error-senders.ts";
import { errorBody, sendError, sendUnknownRoute } from "./errors.ts";

/** Content-Security-Policy of every answer: the UI's own files, its workers, its inline styles. */
export const contentSecurityPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; img-src 'self' data:";

export interface ApiServerOptions {
  readonly log?: FastifyBaseLogger;
  /** Where request counts and durations go. */
  readonly metrics?: MetricsRegistry;
  /** The built web UI on the root path; without it only API routes answer. */
  readonly web?: WebUiOptions;
  /** Largest request body in bytes; default 1 MiB. */
  readonly maxBodyBytes?: number;
}

/** Bytes of a request's head: the longest TraceQL query (128 Ki characters) fits in, also percent-encoded. */
const maxHeaderSize = 512 * 1024;

/** A Fastify instance without routes; register API plugins on it and `listen`. */
export function createApiServer(options: ApiServerOptions = {}): FastifyInstance {
  const server: FastifyInstance = fastify({
    ...(options.log === undefined ? { logger: false } : { loggerInstance: options.log }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: options.maxBodyBytes ?? 1024 * 1024,
    requestTimeout: 30_000,
    http: { maxHeaderSize },
    // A service name or an attribute key is one path segment; Fastify's own limit is 100 characters.
    routerOptions: { maxParamLength: 8192 },
    forceCloseConnections: "idle",
    frameworkErrors: sendFrameworkError,
    clientErrorHandler: answerClientError,
  });
  server.setErrorHandler(sendError);
  if (options.web === undefined) server.setNotFoundHandler(sendUnknownRoute);
  else serveWebUi(server, options.web);
  server.addHook("onRequest", async (_request, reply) => {
    void reply.headers({
      "x-content-type-options": "nosniff",
      "content-security-policy": contentSecurityPolicy,
      "referrer-policy": "same-origin",
    });
  });
  server.addHook("onSend", compressAnswer);
  if (options.metrics !== undefined) countRequests(server, options.metrics);
  return server;
}

function countRequests(server: FastifyInstance, metrics: MetricsRegistry): void {
  const duration = metrics.histogram(
    "clew_http_request_duration_seconds",
    "Time from the request's head to the end of its answer, by route and status.",
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  server.addHook("onResponse", async (request, reply) => {
    duration.observe(reply.elapsedTime / 1000, {
      method: request.method,
      // The pattern, never the path: ids in a label would make a series each.
      route: request.routeOptions.url ?? "other",
      status: String(reply.statusCode),
    });
  });
}

/** Answers bytes that are not HTTP, or a head that is too large or too slow, before any route exists. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [
          "431 Request Header Fields Too Large",
          `the request's header is larger than ${maxHeaderSize / 1024} KiB`,
        ]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "the request did not arrive in time"]
        : ["400 Bad Request", "this is not an HTTP/1.1 request"];
  const body = JSON.stringify(errorBody(new ClewError("bad_request", message)));
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
