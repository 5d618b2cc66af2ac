// The seams between the process and the parts it holds together: the store and the way in for spans. The
// process knows them only by these interfaces; `parts.ts` says which real ones are used.

import type { Health, MetricFamily } from "@clew/api";
import type { RedSeriesReader, TraceqlReader, TraceReader } from "@clew/storage";
import type { Config } from "./config/schema.ts";
import type { Log } from "./process/log.ts";
import type { RunningSampling } from "./sampling/start-sampling.ts";

/** What every long-lived part offers to the process. */
export interface Part {
  /** All of the part's metrics as they stand now; cheap, called at every scrape. */
  metrics(): readonly MetricFamily[];
  /** Cheap, called at every health check. */
  health(): Health;
}

/** The open span store. The ingest part may need more of it than the process does; `S` carries that. */
export interface Store extends Part {
  readonly reader: TraceReader;
  readonly traceql: TraceqlReader;
  readonly redSeries: RedSeriesReader;
  /** Lets running queries end, writes out what is in memory and closes the engine. */
  close(): Promise<void>;
}

/** Running receivers and what is behind them up to the store. */
export interface Ingest extends Part {
  /** Bound ports by protocol, for the banner; a listener that is off is absent. */
  readonly ports: {
    readonly otlpGrpc?: number;
    readonly otlpHttp?: number;
    readonly sampling?: number;
  };
  /** Takes no new requests, answers those under way, and hands everything taken to the store. */
  stop(): Promise<void>;
}

/** The parts of a server. `S`: the store as its opener makes it and its ingest wants it. */
export interface Parts<S extends Store> {
  /** `folder`: absolute, made and locked. Raises `unavailable` or `bad_config`. */
  openStore(config: Config, folder: string, log: Log): Promise<S>;
  /** Raises `bad_config` for a port that is taken (see `listenError`) or TLS files that do not fit. */
  startIngest(config: Config, store: S, rates: RunningSampling, log: Log): Promise<Ingest>;
}
