// The gRPC listener of the Jaeger API: a port of its own, as Jaeger has it (16685), without TLS.

import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import type { ClewError } from "@clew/base";
import { createGrpcEndpoint } from "../../grpc/grpc-server.ts";
import { type JaegerApiOptions, systemNow } from "../options.ts";
import { grpcMethods } from "./methods.ts";

export interface JaegerGrpcOptions extends Omit<JaegerApiOptions, "corsOrigins"> {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Told of errors that are ours; the client gets no details of them. */
  readonly onError: (error: ClewError) => void;
}

export interface JaegerGrpcServer {
  readonly port: number;
  /** Takes no new calls, lets those under way end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts listening. Raises what `listen` fails with. */
export async function startJaegerGrpc(options: JaegerGrpcOptions): Promise<JaegerGrpcServer> {
  const { reader, tenantHeader, onError, now = systemNow } = options;
  const endpoint = createGrpcEndpoint({
    onError,
    ...(tenantHeader === undefined ? {} : { tenantHeader }),
    methods: Object.entries(grpcMethods).map(([path, answer]) => ({
      path,
      answer: ({ request, tenant, signal }) =>
        answer({ reader: reader(), tenant, nowNano: now(), signal }, request),
    })),
  });
  const listener = net.createServer({ noDelay: true }, (socket) => endpoint.take(socket));
  listener.listen({ host: options.host, port: options.port });
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    async stop(graceMs): Promise<void> {
      const closed = new Promise((resolve) => listener.close(resolve));
      await endpoint.stop(graceMs);
      await closed;
    },
  };
}
