// OTLP/gRPC: TraceService/Export on raw bytes, no message classes.

import {
  ChannelCredentials,
  Client,
  type ClientOptions,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { fields, varintAt } from "./otlp-reader.ts";
import { acceptedReply, type Lane, type LaneOptions, type Reply } from "./transport.ts";

const METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const GZIP = 2;

// The OTLP specification's list; RESOURCE_EXHAUSTED only with RetryInfo.
const RETRYABLE = new Set<number>([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** The delay of a google.rpc.RetryInfo among the details of a google.rpc.Status, milliseconds. */
export function retryInfoMs(details: Uint8Array): number | undefined {
  let delay: number | undefined;
  fields(details, 0, details.length, (field, from, to) => {
    if (field !== 3) return;
    let type = "";
    let value: readonly [number, number] = [0, 0];
    fields(details, from, to, (inner, start, end) => {
      if (inner === 1) type = new TextDecoder().decode(details.subarray(start, end));
      if (inner === 2) value = [start, end];
    });
    if (!type.endsWith("google.rpc.RetryInfo")) return;
    delay = 0;
    fields(details, value[0], value[1], (_retryDelay, start, end) => {
      fields(details, start, end, (part, at) => {
        delay = (delay ?? 0) + varintAt(details, at) * (part === 1 ? 1000 : 1e-6);
      });
    });
  });
  return delay;
}

function failedReply(error: ServiceError): Reply {
  const details = error.metadata?.get("grpc-status-details-bin")[0];
  const afterMs = details instanceof Uint8Array ? retryInfoMs(details) : undefined;
  const reason = `${status[error.code] ?? error.code}: ${error.details}`;
  const exhausted = error.code === status.RESOURCE_EXHAUSTED && afterMs !== undefined;
  if (exhausted || RETRYABLE.has(error.code)) return { type: "retry", reason, afterMs };
  return { type: "refused", reason };
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}

function openClient(options: LaneOptions): Client {
  const url = new URL(
    options.endpoint.includes("://") ? options.endpoint : `http://${options.endpoint}`,
  );
  const secure = url.protocol === "https:";
  const channel: ClientOptions = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_send_message_length": -1,
    // A restarted server is to be found again soon.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    ...(options.gzip ? { "grpc.default_compression_algorithm": GZIP } : {}),
  };
  const port = url.port === "" ? (secure ? "443" : "80") : url.port;
  const credentials = secure ? ChannelCredentials.createSsl() : ChannelCredentials.createInsecure();
  return new Client(`${url.hostname}:${port}`, credentials, channel);
}

/** `count` lanes; on one shared channel (many calls at once) or each with a connection of its own. */
export function grpcLanes(options: LaneOptions, count: number, shared: boolean): Lane[] {
  const common = shared ? openClient(options) : undefined;
  return Array.from({ length: count }, () => {
    const client = common ?? openClient(options);
    return {
      send: (body: Uint8Array) => exportOnce(client, options, body),
      close: () => client.close(),
    };
  });
}

function exportOnce(client: Client, options: LaneOptions, body: Uint8Array): Promise<Reply> {
  const metadata = new Metadata();
  if (options.tenant !== undefined) metadata.set("x-scope-orgid", options.tenant);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const deadline = Date.now() + options.timeoutMs;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      METHOD,
      identity,
      identity,
      bytes,
      metadata,
      { deadline },
      (error, answer) => {
        resolve(error === null ? acceptedReply(answer ?? new Uint8Array(0)) : failedReply(error));
      },
    );
  });
}
