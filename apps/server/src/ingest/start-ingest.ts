// Starts the collector thread and inserts the segments that it seals.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import type { Health } from "@clew/api";
import { ClewError, type ErrorCode } from "@clew/base";
import type { ReceiverTls } from "@clew/collector";
import type { Config } from "../config/schema.ts";
import type { Log } from "../process/log.ts";
import type { RunningSampling } from "../sampling/start-sampling.ts";
import type { OpenStore } from "../store/open-store.ts";
import type { Ingest } from "../wiring.ts";
import { ingestMetrics } from "./ingest-metrics.ts";
import type {
  CollectorSettings,
  CollectorStats,
  PlainError,
  ToCollector,
  ToMain,
} from "./messages.ts";

/**
 * V8 lets garbage grow towards this limit, and with the flag below request bodies count: 300,000 spans/s took
 * 1.9 GB of resident memory without it and 1.1 GB with it. What the thread keeps in its heap stays far below.
 */
const COLLECTOR_HEAP_MB = 512;
const STOP_GRACE_MS = 5_000;

// Request bodies and columns live outside V8's heap, and V8 would mark the heap again and again because
// they come and go: a microsecond of CPU a span. With this flag it counts them against one limit instead.
v8.setFlagsFromString("--external-memory-accounted-in-global-limit");

/** See `Parts.startIngest`. Replays what a former process left before it listens. */
export async function startIngest(
  config: Config,
  store: OpenStore,
  rates: RunningSampling,
  log: Log,
): Promise<Ingest> {
  const thread = new CollectorThread(await settingsOf(config, store.folder), store, rates, log);
  const ports = await thread.ready;
  return {
    ports,
    metrics: () => (thread.stats === undefined ? [] : ingestMetrics(thread.stats)),
    health: () => thread.health(),
    stop: () => thread.stop(),
  };
}

class CollectorThread {
  readonly ready: Promise<Ingest["ports"]>;
  stats: CollectorStats | undefined;
  readonly #worker: Worker;
  readonly #store: OpenStore;
  readonly #rates: RunningSampling;
  readonly #log: Log;
  readonly #ready = Promise.withResolvers<Ingest["ports"]>();
  readonly #stopped = Promise.withResolvers<void>();
  #crash: string | undefined;
  #isStopping = false;

  constructor(settings: CollectorSettings, store: OpenStore, rates: RunningSampling, log: Log) {
    this.ready = this.#ready.promise;
    this.#store = store;
    this.#rates = rates;
    this.#log = log;
    this.#worker = new Worker(new URL("./collector-thread.ts", import.meta.url), {
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: COLLECTOR_HEAP_MB },
    });
    this.#worker.on("message", (message: ToMain) => this.#onMessage(message));
    this.#worker.on("error", (error) => this.#onExit(error));
    this.#worker.on("exit", () => this.#onExit(undefined));
    rates.onChange(() => this.#tell({ type: "sampling-changed" }));
  }

  health(): Health {
    if (this.#crash !== undefined) return { status: "degraded", reasons: [this.#crash] };
    if (this.stats !== undefined && this.stats.freeBytes === 0 && !this.#isStopping) {
      return { status: "degraded", reasons: ["the spool is full: senders are asked to wait"] };
    }
    return { status: "ok", reasons: [] };
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#tell({ type: "stop", graceMs: STOP_GRACE_MS });
    await this.#stopped.promise;
    await this.#worker.terminate();
  }

  #tell(message: ToCollector): void {
    this.#worker.postMessage(message);
  }

  #onMessage(message: ToMain): void {
    switch (message.type) {
      case "ready":
        this.#ready.resolve(definedPorts(message));
        return;
      case "failed":
        this.#ready.reject(fromPlain(message.error));
        return;
      case "segment":
        void this.#insert(message.segment);
        return;
      case "sampling": {
        const { id, tenant, service } = message;
        this.#tell({ type: "sampled", id, answer: this.#rates.sampling.answer(tenant, service) });
        return;
      }
      case "trouble":
        this.#log.error({ reason: message.error }, message.message);
        return;
      case "stats":
        this.stats = message.stats;
        return;
      case "stopped":
        this.#stopped.resolve();
        return;
    }
  }

  async #insert(segment: Extract<ToMain, { type: "segment" }>["segment"]): Promise<void> {
    try {
      this.#tell({ type: "inserted", id: segment.id, outcome: await this.#store.insert(segment) });
    } catch (error) {
      // Only a closing store gives up waiting; the next start takes the segment up.
      this.#log.warn(
        { segment: segment.id, reason: (error as Error).message },
        "segment left in the spool",
      );
      this.#tell({ type: "inserted", id: segment.id, outcome: undefined });
    }
  }

  #onExit(reason: unknown): void {
    const message = reason instanceof Error ? reason.message : "it ended without a word";
    this.#ready.reject(
      new ClewError("internal", `the collector did not start: ${message}`, { cause: reason }),
    );
    this.#stopped.resolve();
    if (this.#isStopping || this.#crash !== undefined) return;
    this.#crash = `the collector thread died: ${message}`;
    this.ready.then(
      // Nothing acknowledged is lost; a supervisor should start us again rather than leave us half alive.
      () => {
        this.#log.fatal({ err: reason }, this.#crash);
        process.exit(1);
      },
      () => undefined,
    );
  }
}

async function settingsOf(config: Config, folder: string): Promise<CollectorSettings> {
  return {
    spoolDirectory: join(folder, "spool"),
    receivers: {
      host: config.host,
      httpPort: config.otlpHttpPort === 0 ? undefined : config.otlpHttpPort,
      grpcPort: config.otlpGrpcPort === 0 ? undefined : config.otlpGrpcPort,
      samplingPort: config.samplingPort === 0 ? undefined : config.samplingPort,
      maxBodyBytes: config.maxRequestBytes,
      maxReadingBytes: config.ingestMemoryBytes,
      corsOrigins: config.corsOrigins,
      tenantHeaders: [config.tenantHeader, "x-clew-tenant"],
      tls: await readTls(config.tls),
    },
    ingest: { spoolMaxBytes: config.spoolMaxBytes },
    retentionDays: config.retentionDays,
    tenantRetentionDays: config.retention.tenants,
  };
}

async function readTls({ cert, key, clientCa }: Config["tls"]): Promise<ReceiverTls | undefined> {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new ClewError("bad_config", "TLS needs both tls.cert and tls.key", {
      hint: "set CLEW_TLS_CERT and CLEW_TLS_KEY, or none of the TLS settings",
    });
  }
  return {
    cert: await readPem("CLEW_TLS_CERT", cert),
    key: await readPem("CLEW_TLS_KEY", key),
    ...(clientCa === undefined ? {} : { clientCa: await readPem("CLEW_TLS_CLIENT_CA", clientCa) }),
  };
}

async function readPem(setting: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new ClewError("bad_config", `cannot read ${path}`, { cause, hint: `check ${setting}` });
  }
}

function definedPorts({
  httpPort,
  grpcPort,
  samplingPort,
}: Extract<ToMain, { type: "ready" }>): Ingest["ports"] {
  return {
    ...(httpPort === undefined ? {} : { otlpHttp: httpPort }),
    ...(grpcPort === undefined ? {} : { otlpGrpc: grpcPort }),
    ...(samplingPort === undefined ? {} : { sampling: samplingPort }),
  };
}

function fromPlain({ code, message, hint }: PlainError): ClewError {
  return new ClewError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}
