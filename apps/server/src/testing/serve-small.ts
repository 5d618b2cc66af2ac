// A server process with an empty store, for tests of the process itself. The environment steers it:
// SMALL_SLOW_STOP holds the store's closing until a second signal, SMALL_CRASH throws where nothing catches.

import { LogBatch, SpanBatch } from "@clew/model";
import type { RedSeriesReader, TraceqlReader, TraceReader } from "@clew/storage";
import { allowClosedOutput } from "../process/closed-output.ts";
import { reportFatal } from "../process/fatal.ts";
import { enlargeThreadPool } from "../process/thread-pool.ts";
import { runServe } from "../run-serve.ts";
import type { Ingest, Parts, Store } from "../wiring.ts";

const empty = async (): Promise<[]> => [];
const reader: TraceReader = {
  trace: async () => new SpanBatch(),
  traces: async () => undefined,
  traceLogs: async () => new LogBatch(),
  search: async () => ({ traces: [] }),
  searchCounts: async () => ({ traces: [] }),
  services: empty,
  operations: empty,
  red: async () => Promise.reject(new Error("secret path /var/clew")),
  heatmap: async () => Promise.reject(new Error("no heat map")),
  serviceMap: async () => ({ nodes: [], edges: [] }),
  traceHealth: async () => Promise.reject(new Error("no trace health")),
  attributeKeys: empty,
  attributeValues: empty,
};

const cost = { rows: 0, bytes: 0, traces: 0, milliseconds: 0, plan: "none" };
const traceql: TraceqlReader = {
  search: async () => ({ traces: [], cost }),
  metrics: async () => ({ series: [], cost }),
  tagNames: async () => ({ scopes: [], cost }),
  tagValues: async () => ({ values: [], cost }),
};
const redSeries: RedSeriesReader = {
  spanIncrements: empty,
  edgeIncrements: empty,
  throughput: empty,
};

const part = { metrics: () => [], health: () => ({ status: "ok" as const, reasons: [] }) };

const parts: Parts<Store> = {
  async openStore(): Promise<Store> {
    return {
      ...part,
      reader,
      traceql,
      redSeries,
      async close(): Promise<void> {
        process.stdout.write("store closed\n");
        if (process.env["SMALL_SLOW_STOP"] !== undefined)
          await new Promise(() => setInterval(() => {}, 1000));
      },
    };
  },
  async startIngest(): Promise<Ingest> {
    if (process.env["SMALL_CRASH"] !== undefined) {
      setTimeout(() => {
        throw new Error("nobody expected this");
      });
    }
    return {
      ...part,
      ports: { otlpHttp: 4318 },
      metrics: () => [
        { name: "clew_small_total", help: "Small.", type: "counter", samples: [{ value: 7 }] },
      ],
      stop: async () => void process.stdout.write("receivers stopped\n"),
    };
  },
};

enlargeThreadPool();
allowClosedOutput();
try {
  await runServe({}, parts);
} catch (thrown) {
  reportFatal(thrown);
  process.exit();
}
