// What a load run needs to know, with its defaults and the rules between settings.

import { ClewError } from "@clew/base";
import { type LoadPlan, makePlan } from "./plan.ts";

/** Protocols: OTLP/gRPC, OTLP/HTTP with protobuf, OTLP/HTTP with JSON. */
export const transports = ["grpc", "http", "json"] as const;
/** One of {@link transports}. */
export type TransportName = (typeof transports)[number];

/** A load run. Times in milliseconds unless the name says otherwise. */
export interface LoadOptions {
  readonly transport: TransportName;
  readonly endpoint: string;
  readonly seed: number;
  /** Spans per second; 0 is as fast as the server takes them. */
  readonly rate: number;
  readonly durationMs: number | undefined;
  readonly spans: number | undefined;
  /** Most spans in one request. */
  readonly batch: number;
  /** Requests in flight at the same time. */
  readonly concurrency: number;
  /** Many small senders instead: each with a connection of its own, a request every `intervalMs`. */
  readonly senders: number | undefined;
  readonly intervalMs: number;
  readonly gzip: boolean;
  readonly tenant: string | undefined;
  /** Generator threads; 0 generates in the sending thread. */
  readonly workers: number;
  /** Time of the first spans, ns since 1970; undefined is now. */
  readonly startNano: bigint | undefined;
  /** Spread the spans' times over this long instead of the run's own length. */
  readonly timeSpanMs: number | undefined;
  /** Share of traces with a sampling threshold in tracestate. */
  readonly sampled: number;
  /** Share of traces with 10,000 spans. */
  readonly giants: number;
  /** A request that stays unanswered this long is sent again. */
  readonly timeoutMs: number;
  /** A request that fails this long after its first attempt is given up. */
  readonly giveUpAfterMs: number;
}

/** Defaults of {@link LoadOptions}; the endpoint's depends on the transport. */
export const defaultLoadOptions: Omit<LoadOptions, "endpoint"> = {
  transport: "grpc",
  seed: 1,
  rate: 0,
  durationMs: undefined,
  spans: undefined,
  batch: 512,
  concurrency: 8,
  senders: undefined,
  intervalMs: 100,
  gzip: false,
  tenant: undefined,
  workers: 1,
  startNano: undefined,
  timeSpanMs: undefined,
  sampled: 0,
  giants: 1 / 20_000,
  timeoutMs: 30_000,
  giveUpAfterMs: 60_000,
};

const FLUSH_AFTER_NANO = 1e9;
const FULL_SPEED_RATE = 200_000;

function invalid(message: string, hint: string): ClewError {
  return new ClewError("bad_config", message, { hint });
}

function checkEndpoint(endpoint: string): void {
  const text = endpoint.includes("://") ? endpoint : `http://${endpoint}`;
  if (URL.canParse(text) && /^https?:/.test(text)) return;
  throw invalid(`"${endpoint}" is not an endpoint`, "use http://host:port");
}

/** Completes options and checks them. Throws ClewError `bad_config`. */
export function completeOptions(given: Partial<LoadOptions>): LoadOptions {
  const options = { ...defaultLoadOptions, endpoint: "", ...given };
  const port = options.transport === "grpc" ? 4317 : 4318;
  const endpoint = options.endpoint === "" ? `http://127.0.0.1:${port}` : options.endpoint;
  checkEndpoint(endpoint);
  if (options.senders !== undefined && options.rate > 0) {
    throw invalid(
      "--senders and --rate exclude each other",
      "senders set the rate by --interval and --per-request",
    );
  }
  if (options.timeSpanMs !== undefined && plannedSpans(options) === undefined) {
    throw invalid(
      "--time-span needs to know how many spans there will be",
      "add --spans, or --rate with --duration",
    );
  }
  if (options.concurrency < 1 || (options.senders ?? 1) < 1) {
    throw invalid("there must be at least one sender", "use 1 or more");
  }
  return { ...options, endpoint };
}

function plannedRate(options: LoadOptions): number {
  if (options.senders === undefined) return options.rate;
  return (options.senders * options.batch * 1000) / Math.max(1, options.intervalMs);
}

function plannedSpans(options: LoadOptions): number | undefined {
  if (options.spans !== undefined) return options.spans;
  if (options.durationMs === undefined || options.rate === 0) return undefined;
  return Math.max(1, Math.round((options.rate * options.durationMs) / 1000));
}

/** The plan that decides the bytes of a run. */
export function planOf(options: LoadOptions): LoadPlan {
  const rate = plannedRate(options);
  const spans = plannedSpans(options);
  const filling = options.timeSpanMs !== undefined && spans !== undefined;
  return makePlan({
    seed: options.seed,
    batch: options.batch,
    spans,
    simulatedRate: filling ? (spans * 1000) / (options.timeSpanMs ?? 1) : rate || FULL_SPEED_RATE,
    flushAfterNano: rate > 0 && !filling ? FLUSH_AFTER_NANO : undefined,
    sampled: options.sampled,
    giants: options.giants,
  });
}

// Spans that wait for their exporter are up to this old when they leave; none may be from the future.
const LIVE_LEAD_NANO = 2_000_000_000n;

/** Start of the simulated time, ns since 1970; undefined lets every block end about when it is made. */
export function startNanoOf(options: LoadOptions, nowMs: number): bigint | undefined {
  if (options.startNano !== undefined) return options.startNano;
  const now = BigInt(Math.floor(nowMs)) * 1_000_000n;
  if (options.timeSpanMs !== undefined)
    return now - BigInt(Math.round(options.timeSpanMs)) * 1_000_000n;
  return plannedRate(options) > 0 ? now - LIVE_LEAD_NANO : undefined;
}
