// Tempo's streaming over gRPC, beside the HTTP API: on the port of the HTTP APIs, where Grafana looks for it,
// and on a port of its own when one is set.

import net from "node:net";
import { ClewError } from "@clew/base";
import type { FastifyInstance } from "fastify";
import { createGrpcEndpoint, type GrpcEndpoint } from "../grpc/grpc-server.ts";
import { sharePort } from "../grpc/share-port.ts";
import { type StreamingOptions, streamingQuerier } from "./streaming.ts";

export interface TempoGrpcOptions extends StreamingOptions {
  readonly host: string;
  /** Further port for gRPC alone; 0 for none. */
  readonly port: number;
  /** Configured tenant header, lower case. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
}

/** Milliseconds that calls under way have to end when the server stops. */
const graceMs = 5_000;

/** Fastify plugin. Raises `bad_config` when the port cannot be listened on. */
export async function tempoGrpc(server: FastifyInstance, options: TempoGrpcOptions): Promise<void> {
  const { tenantHeader } = options;
  const endpoint = createGrpcEndpoint({
    methods: streamingQuerier(options),
    ...(tenantHeader === undefined ? {} : { tenantHeader }),
    onError: (error) => server.log.error({ err: error }, "gRPC call failed"),
  });
  const cutSilent = sharePort(server.server, (socket) => endpoint.take(socket));
  const listener = options.port === 0 ? undefined : listenerOf(endpoint);
  server.addHook("onReady", async () => {
    if (listener !== undefined) await listen(listener, options);
  });
  server.addHook("preClose", async () => {
    listener?.close();
    cutSilent();
    await endpoint.stop(graceMs);
  });
}

function listenerOf(endpoint: GrpcEndpoint): net.Server {
  return net.createServer({ noDelay: true }, (socket) => endpoint.take(socket));
}

async function listen(listener: net.Server, { host, port }: TempoGrpcOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    listener.once("error", (cause: NodeJS.ErrnoException) =>
      reject(
        new ClewError("bad_config", `cannot listen on ${host}:${port}: ${cause.message}`, {
          hint: "choose another CLEW_TEMPO_GRPC_PORT, or 0 for none",
          cause,
        }),
      ),
    );
    listener.listen({ host, port }, resolve);
  });
}
