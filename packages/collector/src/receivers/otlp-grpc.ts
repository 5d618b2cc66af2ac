// OTLP/gRPC receiver: TraceService/Export and LogsService/Export as the OpenTelemetry protocol
// specification (docs/specification.md, "OTLP/gRPC") has them. Messages pass as bytes: grpc-js frames
// them, the sink decodes them. Errors are Trailers-Only, with details in grpc-status-details-bin.

import net, { type AddressInfo, type Socket } from "node:net";
import { ClewError } from "@clew/base";
import { decodeSamplingParameters, encodeExportResponse } from "@clew/codec";
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { type SamplingSource, samplingMethod } from "../sampling/sampling-source.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { ExportSink, Signal } from "./export-sink.ts";
import { createIntake, signalMethods, statusOf } from "./grpc-call-intake.ts";
import { toOtlpError } from "./otlp-error.ts";
import {
  listenError,
  listenPort,
  type ReceiverSettings,
  type ReceiverTls,
} from "./receiver-options.ts";
import type { ReceiverStats } from "./receiver-stats.ts";
import { tenantOf } from "./tenant.ts";
import { unsupportedMethods } from "./unsupported-signals.ts";

const MAX_CONCURRENT_STREAMS = 256;
// Finds peers that vanished without a FIN; pings of clients are answered however many there are.
const KEEPALIVE_MS = 60_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

/** A running OTLP/gRPC receiver. */
export interface OtlpGrpcReceiver {
  readonly port: number;
  /** Stops accepting, lets calls in flight finish for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Starts listening. Throws ClewError `bad_config` when the address or the certificate is no good. */
export async function startOtlpGrpc(
  port: number,
  settings: ReceiverSettings,
  sink: ExportSink,
  budget: ByteBudget,
  stats: ReceiverStats,
): Promise<OtlpGrpcReceiver> {
  const server = new Server({
    "grpc.max_receive_message_length": settings.maxBodyBytes,
    "grpc.max_concurrent_streams": MAX_CONCURRENT_STREAMS,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.enable_channelz": 0,
    interceptors: [createIntake(settings, sink, budget, stats)],
  });
  for (const [path, signal] of Object.entries(signalMethods))
    addMethod(server, path, exportHandler(signal, settings, sink, stats));
  if (settings.sampling !== undefined)
    addMethod(server, samplingMethod, samplingHandler(settings.sampling, settings));
  for (const path of Object.keys(unsupportedMethods))
    addMethod(server, path, (_call, callback) =>
      callback(statusOf(new ClewError("unimplemented", path))),
    );

  // The sockets are ours rather than grpc-js's, so that a port in use is an error with a code.
  const sockets = new Set<Socket>();
  const listener = net.createServer({ noDelay: true });
  try {
    const injector = server.createConnectionInjector(credentialsOf(settings.tls));
    listener.on("connection", (socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      injector.injectConnection(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ host: settings.host, port: listenPort(port) }, resolve);
    });
  } catch (error) {
    throw listenError(error, settings.host, port, "CLEW_OTLP_GRPC_PORT");
  }
  return {
    port: (listener.address() as AddressInfo).port,
    stop: (graceMs) => stop(server, listener, sockets, graceMs),
  };
}

async function stop(
  server: Server,
  listener: net.Server,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
  // Sends GOAWAY to every session; each closes its socket after its last call. (The callback comes
  // at once for a server that does not listen itself, so the sockets tell when all is over.)
  server.tryShutdown(() => undefined);
  const cut = setTimeout(() => {
    server.forceShutdown();
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(cut);
}

function credentialsOf(tls: ReceiverTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const ca = tls.clientCa === undefined ? null : Buffer.from(tls.clientCa);
  const pair = { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) };
  return ServerCredentials.createSsl(ca, [pair], ca !== null);
}

const asIs = (bytes: Buffer): Buffer => bytes;

function addMethod(server: Server, path: string, handler: handleUnaryCall<Buffer, Buffer>): void {
  const definition: ServiceDefinition = {
    Export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  };
  server.addService(definition, { Export: handler });
}

// As HTTP joins a header that came more than once: several are no tenant name.
function onlyValue(values: readonly (string | Buffer)[]): string | undefined {
  return values.length === 0 ? undefined : values.join(", ");
}

/** A handler that answers with what `take` makes of a call, or with the status of what it throws. */
function answeredBy(
  settings: ReceiverSettings,
  take: (call: ServerUnaryCall<Buffer, Buffer>) => Promise<Uint8Array>,
): handleUnaryCall<Buffer, Buffer> {
  const answer = async (
    call: ServerUnaryCall<Buffer, Buffer>,
    callback: sendUnaryData<Buffer>,
  ): Promise<void> => {
    let response: Uint8Array;
    try {
      response = await take(call);
    } catch (error) {
      if (toOtlpError(error).ours) settings.onError(ClewError.from(error));
      callback(statusOf(error));
      return;
    }
    callback(null, Buffer.from(response.buffer, response.byteOffset, response.byteLength));
  };
  return (call, callback) => void answer(call, callback);
}

function tenantOfCall(call: ServerUnaryCall<Buffer, Buffer>, settings: ReceiverSettings): string {
  return tenantOf(settings.tenantHeaders, (name) => onlyValue(call.metadata.get(name)));
}

function exportHandler(
  signal: Signal,
  settings: ReceiverSettings,
  sink: ExportSink,
  stats: ReceiverStats,
): handleUnaryCall<Buffer, Buffer> {
  return answeredBy(settings, async (call) => {
    const tenant = tenantOfCall(call, settings);
    const body = call.request;
    stats.bodyBytes.grpc += body.length;
    const outcome = await sink.export({ signal, encoding: "protobuf", tenant, body });
    return encodeExportResponse(outcome);
  });
}

function samplingHandler(
  source: SamplingSource,
  settings: ReceiverSettings,
): handleUnaryCall<Buffer, Buffer> {
  return answeredBy(settings, async (call) => {
    const service = decodeSamplingParameters(call.request);
    return (await source.strategy(tenantOfCall(call, settings), service)).protobuf;
  });
}
