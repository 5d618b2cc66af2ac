// Starts and stops the OTLP receivers over one sink, one byte budget and one set of counters, and the port of remote
// sampling beside them.

import { createSamplingEndpoint } from "../sampling/sampling-endpoint.ts";
import { type SamplingListener, startSamplingListener } from "../sampling/sampling-listener.ts";
import { ByteBudget } from "./byte-budget.ts";
import type { ExportSink } from "./export-sink.ts";
import { type OtlpGrpcReceiver, startOtlpGrpc } from "./otlp-grpc.ts";
import { type OtlpHttpReceiver, startOtlpHttp } from "./otlp-http.ts";
import { type ReceiverOptions, settingsOf } from "./receiver-options.ts";
import { createStats, type ReceiverStats } from "./receiver-stats.ts";

/** Running receivers. */
export interface Receivers {
  /** Port listened on; undefined when OTLP/HTTP is off. */
  readonly httpPort: number | undefined;
  /** Port listened on; undefined when OTLP/gRPC is off. */
  readonly grpcPort: number | undefined;
  /** Port listened on; undefined when remote sampling has no port of its own. */
  readonly samplingPort: number | undefined;
  readonly stats: ReceiverStats;
  /** Stops accepting, lets requests in flight finish for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts the receivers whose ports are given. Throws ClewError `bad_config`, naming the setting,
 * when an address, port or certificate is no good; nothing is left listening then.
 */
export async function startReceivers(
  options: ReceiverOptions,
  sink: ExportSink,
): Promise<Receivers> {
  const settings = settingsOf(options);
  const budget = new ByteBudget(settings.maxReadingBytes);
  const stats = createStats(budget);
  let http: OtlpHttpReceiver | undefined;
  let grpc: OtlpGrpcReceiver | undefined;
  let rates: SamplingListener | undefined;
  if (options.httpPort !== undefined)
    http = await startOtlpHttp(options.httpPort, settings, sink, budget, stats);
  try {
    if (options.grpcPort !== undefined)
      grpc = await startOtlpGrpc(options.grpcPort, settings, sink, budget, stats);
    const { samplingPort, sampling } = options;
    if (samplingPort !== undefined && sampling !== undefined) {
      const answer = createSamplingEndpoint(sampling, settings);
      rates = await startSamplingListener(samplingPort, settings, answer);
    }
  } catch (error) {
    await Promise.all([http?.stop(0), grpc?.stop(0)]);
    throw error;
  }
  return {
    httpPort: http?.port,
    grpcPort: grpc?.port,
    samplingPort: rates?.port,
    stats,
    async stop(graceMs) {
      await Promise.all([http?.stop(graceMs), grpc?.stop(graceMs), rates?.stop(graceMs)]);
    },
  };
}
