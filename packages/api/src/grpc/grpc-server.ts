// The gRPC server of the query APIs: methods with one request and a stream of answers, as bytes. It has no
// listener of its own; connections are handed to it, from the port of the HTTP APIs or from another.

import { once } from "node:events";
import type { Socket } from "node:net";
import type { ClewError, ErrorCode } from "@clew/base";
import {
  status as grpcStatus,
  type Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { errorBody, toClewError } from "../http/errors.ts";
import { clewTenantHeader, defaultTenantHeader, tenantOf } from "../http/tenant.ts";

const maxRequestBytes = 1024 * 1024;
const maxConcurrentStreams = 100;
// Finds clients that vanished without a FIN.
const keepaliveMs = 60_000;
const keepaliveTimeoutMs = 20_000;
// The text travels in a header, where clients allow 8 KiB in all.
const messageCharacters = 1000;

/** One method: `/tempopb.StreamingQuerier/Search`, for example. */
export interface GrpcMethod {
  readonly path: string;
  /** Answers in the order in which they are sent; what it throws ends the call. */
  readonly answer: (call: GrpcCall) => AsyncIterable<Uint8Array>;
}

export interface GrpcCall {
  readonly request: Uint8Array;
  readonly tenant: string;
  /** Aborts when the client cancels or goes away. */
  readonly signal: AbortSignal;
}

export interface GrpcServerOptions {
  readonly methods: readonly GrpcMethod[];
  /** Configured tenant header, lower case. Default `x-scope-orgid`. */
  readonly tenantHeader?: string;
  /** Told of errors that are ours. */
  readonly onError: (error: ClewError) => void;
}

const codes: Readonly<Record<ErrorCode, number>> = {
  bad_request: grpcStatus.INVALID_ARGUMENT,
  malformed_payload: grpcStatus.INVALID_ARGUMENT,
  bad_config: grpcStatus.INTERNAL,
  not_found: grpcStatus.NOT_FOUND,
  method_not_allowed: grpcStatus.UNIMPLEMENTED,
  payload_too_large: grpcStatus.RESOURCE_EXHAUSTED,
  unsupported_media_type: grpcStatus.INVALID_ARGUMENT,
  unsupported_encoding: grpcStatus.UNIMPLEMENTED,
  limit_exceeded: grpcStatus.RESOURCE_EXHAUSTED,
  overloaded: grpcStatus.RESOURCE_EXHAUSTED,
  cancelled: grpcStatus.CANCELLED,
  internal: grpcStatus.INTERNAL,
  unimplemented: grpcStatus.UNIMPLEMENTED,
  unavailable: grpcStatus.UNAVAILABLE,
};

/** A running gRPC server. */
export interface GrpcEndpoint {
  /** Serves a connection of which nothing has been read, or what was read has been put back. */
  take(socket: Socket): void;
  /** Lets calls under way end for at most `graceMs`, then cuts them. */
  stop(graceMs: number): Promise<void>;
}

/** A server with these methods, without TLS. */
export function createGrpcEndpoint(options: GrpcServerOptions): GrpcEndpoint {
  const server = new Server({
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.enable_channelz": 0,
  });
  for (const method of options.methods) addMethod(server, method, options);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  return {
    take(socket): void {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      injector.injectConnection(socket);
    },
    stop: (graceMs) => stop(server, sockets, graceMs),
  };
}

async function stop(server: Server, sockets: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  const closed = Promise.all([...sockets].map((socket) => once(socket, "close")));
  // Sends GOAWAY to every session, which closes its socket after its last call. (The callback comes at once
  // for a server that does not listen itself, so the sockets tell when all is over.)
  server.tryShutdown(() => undefined);
  const cut = setTimeout(() => {
    server.forceShutdown();
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(cut);
}

function addMethod(server: Server, method: GrpcMethod, options: GrpcServerOptions): void {
  const definition = {
    path: method.path,
    requestStream: false,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  } as const;
  const handle = (call: ServerWritableStream<Buffer, Buffer>): void =>
    void run(method, options, call);
  server.addService({ [method.path]: definition }, { [method.path]: handle });
}

const asIs = (bytes: Buffer): Buffer => bytes;

async function run(
  method: GrpcMethod,
  options: GrpcServerOptions,
  call: ServerWritableStream<Buffer, Buffer>,
): Promise<void> {
  const controller = new AbortController();
  call.on("cancelled", () => controller.abort());
  const { signal } = controller;
  try {
    const tenant = tenantOf(headersOf(call.metadata, options.tenantHeader), options.tenantHeader);
    for await (const bytes of method.answer({ request: call.request, tenant, signal })) {
      if (signal.aborted) return;
      await send(call, bytes, signal);
    }
    call.end();
  } catch (thrown) {
    if (!signal.aborted) fail(call, thrown, options);
  }
}

function headersOf(metadata: Metadata, header = defaultTenantHeader): Record<string, string[]> {
  const names = [clewTenantHeader, header];
  return Object.fromEntries(names.map((name) => [name, metadata.get(name).map(String)]));
}

/** Resolves when there is room for the next message, or the client is gone. */
async function send(
  call: ServerWritableStream<Buffer, Buffer>,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (call.write(message) || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      call.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done);
  });
}

function fail(
  call: ServerWritableStream<Buffer, Buffer>,
  thrown: unknown,
  options: GrpcServerOptions,
): void {
  const error = toClewError(thrown);
  if (error.code === "internal") options.onError(error);
  const { message, hint } = errorBody(error).error;
  const text = hint === undefined ? message : `${message} (${hint})`;
  const details = text.slice(0, messageCharacters).toWellFormed();
  call.emit("error", { code: codes[error.code], details });
}
