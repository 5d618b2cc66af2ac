// Watches a gRPC call while its message comes in. grpc-js shows a server nothing between the headers
// and the whole decompressed message, which leaves no place to hold all calls together to a byte
// budget, to time out a sender that stalls, or to add a coding. So three members of its call object
// are used that its types do not show (@grpc/grpc-js is pinned; the tests of limits, codings and
// time-outs in otlp-grpc.test.ts fail if an upgrade moves them).

import {
  constants,
  type Http2Session,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { ClewError } from "@clew/base";
import {
  status as grpcStatus,
  Metadata,
  type ServerInterceptingCall,
  type ServerInterceptor,
  type StatusObject,
} from "@grpc/grpc-js";
import { samplingMethod } from "../sampling/sampling-source.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { codingOf, decompress, tooLarge } from "./decompress.ts";
import type { ExportSink, Signal } from "./export-sink.ts";
import { encodeError, toOtlpError } from "./otlp-error.ts";
import type { ReceiverSettings } from "./receiver-options.ts";
import { countRequest, type ReceiverStats } from "./receiver-stats.ts";
import { unsupportedMethods } from "./unsupported-signals.ts";

/** The gRPC methods that take data. */
export const signalMethods: Readonly<Record<string, Signal>> = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
};

type CallStatus = Pick<StatusObject, "code" | "details"> & { metadata?: Metadata | null };

interface CallInternals {
  readonly stream: ServerHttp2Stream;
  decompressMessage(framed: Buffer, coding: string): Buffer | Promise<Buffer>;
  start(listener: InterceptingServerListener): void;
  sendStatus(status: CallStatus): void;
}

type InterceptingServerListener = Parameters<ServerInterceptingCall["start"]>[0];

const FRAME_HEADER_BYTES = 5;
// HTTP/2 starts with 64 KiB, which a batch of 512 spans fills three times over: one round trip
// each, and twice the CPU. It also bounds what a connection can have delivered but not yet read.
const WINDOW_BYTES = 1024 * 1024;
const GRPC_CODINGS = "identity,gzip,deflate,zstd";

/** Admits calls, reads their messages within the budget, and counts how they end. */
export function createIntake(
  settings: ReceiverSettings,
  sink: ExportSink,
  budget: ByteBudget,
  stats: ReceiverStats,
): ServerInterceptor {
  const widened = new WeakSet<Http2Session>();
  return (method, call) => {
    const internals = call as unknown as CallInternals;
    const session = internals.stream.session as ServerHttp2Session | undefined;
    if (session !== undefined && !widened.has(session)) {
      widened.add(session);
      session.setLocalWindowSize(WINDOW_BYTES);
      session.settings({ initialWindowSize: WINDOW_BYTES });
    }
    const signal = signalMethods[method.path] ?? "other";
    watch(internals, signal, settings, budget, stats);
    const refusal = refusalOf(method.path, sink);
    if (refusal !== undefined) internals.sendStatus(statusOf(refusal));
    return call as unknown as ServerInterceptingCall;
  };
}

function refusalOf(path: string, sink: ExportSink): ClewError | undefined {
  const unsupported = unsupportedMethods[path];
  if (unsupported !== undefined) return new ClewError("unimplemented", unsupported);
  // Who asks for rates of sampling brings nothing that would have to be kept.
  if (sink.freeBytes > 0 || path === samplingMethod) return undefined;
  return new ClewError("overloaded", "the collector holds as many bytes as it may");
}

function watch(
  call: CallInternals,
  signal: Signal | "other",
  settings: ReceiverSettings,
  budget: ByteBudget,
  stats: ReceiverStats,
): void {
  const { stream } = call;
  const lease = budget.lease();
  const start = call.start.bind(call);
  const sendStatus = call.sendStatus.bind(call);
  let answered = false;
  stats.inFlight.grpc++;

  const refuse = (error: unknown): void => call.sendStatus(statusOf(error));
  const timeout = setTimeout(() => {
    const seconds = settings.requestTimeoutMs / 1000;
    call.sendStatus({
      code: grpcStatus.DEADLINE_EXCEEDED,
      details: `the request was not complete after ${seconds} s`,
    });
  }, settings.requestTimeoutMs);

  call.start = (listener) =>
    start({
      ...listener,
      onReceiveHalfClose() {
        // The whole message is here; from now on it is the sink's to count.
        clearTimeout(timeout);
        lease.release();
        listener.onReceiveHalfClose();
      },
    });
  call.sendStatus = (status) => {
    if (answered) return;
    answered = true;
    clearTimeout(timeout);
    lease.release();
    const gone = stream.destroyed || stream.aborted;
    countRequest(
      stats,
      signal,
      "grpc",
      gone ? "aborted" : (grpcStatus[status.code] ?? status.code),
    );
    sendStatus(withDetails(status, settings.maxBodyBytes));
    // The answer is complete: tell a sender that is still sending that nobody listens.
    if (!stream.readableEnded && !stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  };
  call.decompressMessage = async (framed, coding) => {
    const message = framed.subarray(FRAME_HEADER_BYTES);
    if (coding === "identity") return message;
    try {
      return (await decompress(message, codingOf(coding), settings.maxBodyBytes, lease)) as Buffer;
    } catch (error) {
      // grpc-js answers with the code, details and metadata of what is thrown here.
      throw Object.assign(new Error("not decompressed", { cause: error }), statusOf(error));
    }
  };
  stream.on("data", (chunk: Buffer) => {
    if (answered) return;
    try {
      lease.take(chunk.length);
    } catch (error) {
      refuse(error);
    }
  });
  stream.once("close", () => {
    stats.inFlight.grpc--;
    clearTimeout(timeout);
    lease.release();
    if (!answered) countRequest(stats, signal, "grpc", "aborted");
    answered = true;
  });
}

// A message over the limit is refused by grpc-js itself, in words of its own.
function withDetails(status: CallStatus, maxBodyBytes: number): CallStatus {
  const bare = status.metadata === undefined || status.metadata === null;
  if (!bare || status.code !== grpcStatus.RESOURCE_EXHAUSTED) return status;
  return statusOf(tooLarge(maxBodyBytes));
}

/** The gRPC status of anything thrown, with its google.rpc.Status in the trailers. */
export function statusOf(thrown: unknown): StatusObject {
  const error = toOtlpError(thrown);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(encodeError(error, "protobuf")));
  if (error.httpStatus === 415) metadata.set("grpc-accept-encoding", GRPC_CODINGS);
  return { code: error.grpcCode, details: error.message, metadata };
}
