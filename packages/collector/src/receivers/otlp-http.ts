// OTLP/HTTP listener: Fastify routes requests to the endpoint and keeps connections in bounds. Its
// body parsers, serialisers and logs are bypassed: OTLP needs none of them, and they would cost
// more than the rest of a small request. A POST to exactly a path of ours does not pass through it at all.

import http, { type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { createSamplingEndpoint, samplingPaths } from "../sampling/sampling-endpoint.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { ExportSink } from "./export-sink.ts";
import { OtlpHttpEndpoint, signalPaths } from "./otlp-http-endpoint.ts";
import { listenError, listenPort, type ReceiverSettings, tlsOptions } from "./receiver-options.ts";
import type { ReceiverStats } from "./receiver-stats.ts";

/** A running OTLP/HTTP receiver. */
export interface OtlpHttpReceiver {
  readonly port: number;
  /** Stops accepting, lets requests in flight finish for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts listening. Throws ClewError `bad_config` when the address or the certificate is no good. */
export async function startOtlpHttp(
  port: number,
  settings: ReceiverSettings,
  sink: ExportSink,
  budget: ByteBudget,
  stats: ReceiverStats,
): Promise<OtlpHttpReceiver> {
  const endpoint = new OtlpHttpEndpoint(settings, sink, budget, stats);
  let app: FastifyInstance;
  try {
    app = createApp(settings, endpoint);
    await app.listen({ host: settings.host, port: listenPort(port) });
  } catch (error) {
    throw listenError(error, settings.host, port, "CLEW_OTLP_HTTP_PORT");
  }
  return {
    port: (app.server.address() as AddressInfo).port,
    async stop(graceMs) {
      endpoint.stopping = true;
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
      await app.close();
      clearTimeout(cut);
    },
  };
}

type Hijack = (request: FastifyRequest, reply: FastifyReply) => void;

function hijacked(answer: (request: IncomingMessage, response: ServerResponse) => void): Hijack {
  return (request, reply) => {
    reply.hijack();
    answer(request.raw, reply.raw);
  };
}

function createApp(settings: ReceiverSettings, endpoint: OtlpHttpEndpoint): FastifyInstance {
  const other = hijacked((request, response) => endpoint.answerOther(request, response));
  const { requestTimeoutMs, tls } = settings;
  const server = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(10_000, requestTimeoutMs),
    // Longer than the idle time of common load balancers, so that they are the ones to hang up.
    keepAliveTimeout: 75_000,
    // How often node looks for requests that are over their time.
    connectionsCheckingInterval: Math.min(1000, requestTimeoutMs),
    maxHeaderSize: 16 * 1024,
  };
  const options = {
    logger: false,
    exposeHeadRoutes: false,
    return503OnClosing: false, // the endpoint says so itself, in OTLP's words
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: server.keepAliveTimeout,
    // Paths that cannot be decoded.
    frameworkErrors: (_error: Error, request: FastifyRequest, reply: FastifyReply) =>
      other(request, reply),
  };
  const app: FastifyInstance = fastify({
    ...options,
    serverFactory: (route: RequestListener) => {
      const listen = straight(endpoint, route);
      return tls === undefined
        ? http.createServer(server, listen)
        : https.createServer({ ...server, ...tlsOptions(tls) }, listen);
    },
  });
  // Any content type is let through unread; the endpoint judges it and reads the body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _payload, done) => done(null));
  for (const [path, signal] of Object.entries(signalPaths)) {
    const take = hijacked((request, response) => void endpoint.export(signal, request, response));
    app.post(path, take);
  }
  if (settings.sampling !== undefined) {
    const sampling = hijacked(createSamplingEndpoint(settings.sampling, settings));
    for (const path of samplingPaths) app.get(path, sampling);
  }
  app.setNotFoundHandler(other);
  app.setErrorHandler((_error, request, reply) => other(request, reply));
  return app;
}

/** Hands the requests of well-behaved senders straight to the endpoint, the others to `route`. */
function straight(endpoint: OtlpHttpEndpoint, route: RequestListener): RequestListener {
  const signals = new Map(Object.entries(signalPaths));
  return (request, response) => {
    const signal = request.method === "POST" ? signals.get(request.url ?? "") : undefined;
    if (signal === undefined) route(request, response);
    else void endpoint.export(signal, request, response);
  };
}
