// The life of a server: lock the folder, listen, open the store, take spans; and all of it backwards.

import type { AddressInfo } from "node:net";
import { type Health, type MetricFamily, MetricsRegistry, startJaegerGrpc } from "@clew/api";
import { ClewError } from "@clew/base";
import type { TraceReader } from "@clew/storage";
import type { FastifyInstance } from "fastify";
import { type ApiSources, createApis } from "./apis.ts";
import type { Config } from "./config/schema.ts";
import { lockDataFolder } from "./process/data-folder.ts";
import { listenError } from "./process/listen-error.ts";
import type { Log } from "./process/log.ts";
import { processMetrics } from "./process/process-metrics.ts";
import { version } from "./process/version.ts";
import { startSampling } from "./sampling/start-sampling.ts";
import type { Ingest, Part, Parts, Store } from "./wiring.ts";

/** Milliseconds that answers under way have to end before their connections are cut. */
const answerGraceMs = 10_000;

export interface RunningServer {
  /** Absolute path of the data folder. */
  readonly folder: string;
  /** Bound port of the UI and the APIs; undefined when it is off. */
  readonly apiPort: number | undefined;
  readonly ingestPorts: Ingest["ports"];
  /** Stops the receivers, drains, closes the store and frees the folder. Safe to call once. */
  stop(): Promise<void>;
}

/** Starts everything. What was started is stopped again when a later part fails; that error is raised. */
export async function startServer<S extends Store>(
  config: Config,
  parts: Parts<S>,
  log: Log,
): Promise<RunningServer> {
  const state: State = { parts: [], phase: "starting", store: undefined };
  // Runs backwards: receivers, then the APIs, then the store that both use, then the lock.
  await using undo = new AsyncDisposableStack();
  const lock = await lockDataFolder(config.dataDir);
  undo.defer(() => lock.release());
  undo.defer(() => state.store?.close());
  const registry = new MetricsRegistry();
  processMetrics(registry, version);

  const sources = sourcesOf(state, registry);
  const rates = await startSampling(config, lock.path, sources.redSeries, log);
  undo.defer(() => rates.stop());
  const apis = createApis(config, { ...sources, sampling: rates.sampling }, registry, log);
  undo.defer(() => closeApis(apis));
  const apiPort = await listen(apis, config);
  const stopJaegerGrpc = await listenJaegerGrpc(sources.reader, config, log);
  undo.defer(stopJaegerGrpc);

  const store = await parts.openStore(config, lock.path, log);
  state.store = store;
  state.parts.push(store);

  const ingest = await parts.startIngest(config, store, rates, log);
  undo.defer(() => ingest.stop());
  state.parts.push(ingest);
  state.phase = "running";

  const running = undo.move();
  return {
    folder: lock.path,
    apiPort,
    ingestPorts: ingest.ports,
    async stop(): Promise<void> {
      state.phase = "stopping";
      await running.disposeAsync();
    },
  };
}

interface State {
  readonly parts: Part[];
  phase: "starting" | "running" | "stopping";
  store: Store | undefined;
}

function sourcesOf(state: State, registry: MetricsRegistry): Omit<ApiSources, "sampling"> {
  const store = (): Store => {
    if (state.store !== undefined) return state.store;
    throw new ClewError("unavailable", "Clew is starting", {
      hint: "try again in a moment",
      retryAfterMs: 1000,
    });
  };
  return {
    reader: () => store().reader,
    traceql: () => store().traceql,
    redSeries: () => store().redSeries,
    health: () => healthOf(state),
    metrics: (): MetricFamily[] => [
      ...registry.collect(),
      ...state.parts.flatMap((part) => part.metrics()),
    ],
  };
}

function healthOf(state: State): Health {
  if (state.phase === "starting")
    return { status: "starting", reasons: ["the store is being opened"] };
  if (state.phase === "stopping") return { status: "degraded", reasons: ["Clew is shutting down"] };
  const unwell = state.parts
    .map((part) => part.health())
    .filter((health) => health.status !== "ok");
  if (unwell.length === 0) return { status: "ok", reasons: [] };
  const starting = unwell.every((health) => health.status === "starting");
  return {
    status: starting ? "starting" : "degraded",
    reasons: unwell.flatMap((health) => health.reasons),
  };
}

async function listen(apis: FastifyInstance, config: Config): Promise<number | undefined> {
  if (config.port === 0) return undefined;
  try {
    await apis.listen({
      host: config.host,
      port: config.port,
      listenTextResolver: (address) => `UI and APIs at ${address}`,
    });
  } catch (thrown) {
    throw listenError(thrown, "port", config.host, config.port);
  }
  return (apis.server.address() as AddressInfo).port;
}

/** Starts Jaeger's gRPC API unless it is off; gives what stops it. */
async function listenJaegerGrpc(
  reader: () => TraceReader,
  config: Config,
  log: Log,
): Promise<() => Promise<void>> {
  const { jaegerGrpcPort: port, host, tenantHeader } = config;
  if (port === 0) return async () => {};
  try {
    const server = await startJaegerGrpc({
      reader,
      host,
      port,
      tenantHeader,
      onError: (error) => log.error({ err: error }, "Jaeger gRPC request failed"),
    });
    log.info(`Jaeger's gRPC API at ${host}:${server.port}`);
    return () => server.stop(answerGraceMs);
  } catch (thrown) {
    throw listenError(thrown, "jaegerGrpcPort", host, port);
  }
}

async function closeApis(apis: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => apis.server.closeAllConnections(), answerGraceMs);
  try {
    await apis.close();
  } finally {
    clearTimeout(cut);
  }
}
