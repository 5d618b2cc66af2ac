// The collector thread: OTLP listeners, decoding, the write-ahead log and the making of rows, on an event
// loop of their own, so that queries and the UI never wait for ingest nor ingest for them. Inserting is
// the main thread's, which holds the engine.

import { parentPort, workerData } from "node:worker_threads";
import { ClewError, defined } from "@clew/base";
import { IngestPipeline, type Receivers, startReceivers } from "@clew/collector";
import type { InsertOutcome, SealedSegment } from "@clew/storage";
import { RatesInThread } from "../sampling/rates-in-thread.ts";
import type { CollectorSettings, ToCollector, ToMain } from "./messages.ts";

const STATS_EVERY_MS = 1000;

const port = defined(parentPort ?? undefined, "the collector runs as a worker thread");
const settings = workerData as CollectorSettings;
const waiting = new Map<string, PromiseWithResolvers<InsertOutcome>>();

function tell(message: ToMain): void {
  port.postMessage(message);
}

function tellTrouble(message: string, error?: unknown): void {
  const text = error === undefined ? undefined : ClewError.from(error).message;
  tell({ type: "trouble", message, error: text });
}

const store = {
  insert(segment: SealedSegment): Promise<InsertOutcome> {
    const answer = Promise.withResolvers<InsertOutcome>();
    waiting.set(segment.id, answer);
    tell({ type: "segment", segment });
    return answer.promise;
  },
};

const rates = new RatesInThread((id, tenant, service) =>
  tell({ type: "sampling", id, tenant, service }),
);

function retention(tenant: string): number {
  const own = Object.hasOwn(settings.tenantRetentionDays, tenant);
  return own ? (settings.tenantRetentionDays[tenant] as number) : settings.retentionDays;
}

async function start(): Promise<void> {
  const pipeline = await IngestPipeline.open({
    spoolDirectory: settings.spoolDirectory,
    store,
    retention,
    onTrouble: tellTrouble,
    options: settings.ingest,
  });
  const receivers = await startReceivers(
    {
      ...settings.receivers,
      sampling: rates,
      onError: (error) => tellTrouble("a request could not be stored", error),
    },
    pipeline,
  );
  const sendStats = (): void => tell({ type: "stats", stats: statsOf(pipeline, receivers) });
  const timer = setInterval(sendStats, STATS_EVERY_MS);
  port.on("message", (message: ToCollector) => {
    if (message.type === "inserted") return settle(message);
    if (message.type === "sampled") return rates.answered(message.id, message.answer);
    if (message.type === "sampling-changed") return rates.changed();
    clearInterval(timer);
    void stop(pipeline, receivers, message.graceMs);
  });
  const { httpPort, grpcPort, samplingPort } = receivers;
  tell({ type: "ready", httpPort, grpcPort, samplingPort });
  sendStats();
}

async function stop(
  pipeline: IngestPipeline,
  receivers: Receivers,
  graceMs: number,
): Promise<void> {
  await receivers.stop(graceMs);
  await pipeline.stop();
  tell({ type: "stats", stats: statsOf(pipeline, receivers) });
  tell({ type: "stopped" });
  port.close();
}

function settle(message: Extract<ToCollector, { type: "inserted" }>): void {
  const answer = waiting.get(message.id);
  waiting.delete(message.id);
  if (message.outcome === undefined)
    answer?.reject(new ClewError("unavailable", "the store is closing"));
  else answer?.resolve(message.outcome);
}

function statsOf(
  pipeline: IngestPipeline,
  receivers: Receivers,
): Extract<ToMain, { type: "stats" }>["stats"] {
  const { requests, bodyBytes, inFlight, readingBytes } = receivers.stats;
  return {
    ingest: { ...pipeline.stats },
    receivers: { requests, bodyBytes, inFlight, readingBytes },
    spoolBytes: pipeline.spoolBytes,
    freeBytes: pipeline.freeBytes,
  };
}

start().catch((thrown: unknown) => {
  const { code, message, hint } = ClewError.from(thrown);
  tell({ type: "failed", error: { code, message, hint } });
  port.close();
});
