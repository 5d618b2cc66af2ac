// What a load run achieved: counters while it runs, a report at its end.

import { LatencyHistogram } from "./latency-histogram.ts";

/** Result of a run. Rates are over the time from the first request to the last answer. */
export interface LoadReport {
  readonly acknowledgedSpans: number;
  /** Spans in acknowledged requests that the server said it rejected. */
  readonly rejectedSpans: number;
  /** Acknowledged requests. */
  readonly requests: number;
  readonly retries: number;
  /** Why requests were sent again, most frequent first. */
  readonly retryReasons: Readonly<Record<string, number>>;
  /** Requests that were refused for good or failed for too long, and their spans. */
  readonly failedRequests: number;
  readonly failedSpans: number;
  /** Requests without an answer when the run was interrupted. */
  readonly unansweredRequests: number;
  readonly lastError: string | undefined;
  readonly seconds: number;
  readonly spansPerSecond: number;
  /** Request bodies as sent, of acknowledged requests. */
  readonly bytesPerSecond: number;
  readonly bytesPerSpan: number;
  /** Of acknowledged requests: from the send to the answer of the attempt that succeeded. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** CPU of the generator itself, all its threads. */
  readonly cpuSeconds: { readonly user: number; readonly system: number };
}

/** Counters of a running load. */
export class LoadCounters {
  acknowledgedSpans = 0;
  rejectedSpans = 0;
  requests = 0;
  bytes = 0;
  retries = 0;
  failedRequests = 0;
  failedSpans = 0;
  unansweredRequests = 0;
  inFlight = 0;
  lastError: string | undefined;
  readonly latency: LatencyHistogram = new LatencyHistogram();
  readonly #reasons = new Map<string, number>();

  /** Counts a repetition; reasons beyond the first 20 different ones are not told apart. */
  retry(reason: string): void {
    this.retries++;
    const known = this.#reasons.has(reason) || this.#reasons.size < 20 ? reason : "other";
    this.#reasons.set(known, (this.#reasons.get(known) ?? 0) + 1);
  }

  /** The report after `seconds`; `cpu` in microseconds. */
  report(seconds: number, cpu: NodeJS.CpuUsage): LoadReport {
    const { latency } = this;
    const reasons = [...this.#reasons].sort((a, b) => b[1] - a[1]);
    return {
      acknowledgedSpans: this.acknowledgedSpans,
      rejectedSpans: this.rejectedSpans,
      requests: this.requests,
      retries: this.retries,
      retryReasons: Object.fromEntries(reasons),
      failedRequests: this.failedRequests,
      failedSpans: this.failedSpans,
      unansweredRequests: this.unansweredRequests,
      lastError: this.lastError,
      seconds,
      spansPerSecond: seconds === 0 ? 0 : this.acknowledgedSpans / seconds,
      bytesPerSecond: seconds === 0 ? 0 : this.bytes / seconds,
      bytesPerSpan: this.acknowledgedSpans === 0 ? 0 : this.bytes / this.acknowledgedSpans,
      latencyMs: {
        p50: latency.quantileMs(0.5),
        p90: latency.quantileMs(0.9),
        p95: latency.quantileMs(0.95),
        p99: latency.quantileMs(0.99),
        max: latency.greatestMs,
      },
      cpuSeconds: { user: cpu.user / 1e6, system: cpu.system / 1e6 },
    };
  }
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value.toFixed(0);
}

/** The progress line: totals so far and the rate since the last line. */
export function progressLine(
  counters: LoadCounters,
  seconds: number,
  spansPerSecond: number,
): string {
  const parts = [
    `${seconds.toFixed(0)} s`,
    `${count(counters.acknowledgedSpans)} spans acknowledged`,
    `${count(spansPerSecond)}/s`,
    `${counters.inFlight} in flight`,
    `p99 ${ms(counters.latency.quantileMs(0.99))} ms`,
  ];
  if (counters.retries > 0) parts.push(`${count(counters.retries)} retries`);
  if (counters.failedRequests > 0) parts.push(`${count(counters.failedRequests)} failed`);
  return parts.join("  ");
}

/** The report as text for people. */
export function reportText(report: LoadReport): string {
  const { latencyMs, cpuSeconds } = report;
  const latency = Object.entries(latencyMs).map(([name, value]) => `${name} ${ms(value)}`);
  const rows: [string, string][] = [
    [
      "acknowledged",
      `${count(report.acknowledgedSpans)} spans in ${count(report.requests)} requests`,
    ],
    ["rejected", `${count(report.rejectedSpans)} spans`],
    ["given up", `${count(report.failedRequests)} requests, ${count(report.failedSpans)} spans`],
    ["retries", count(report.retries)],
    [
      "rate",
      `${count(report.spansPerSecond)} spans/s, ${(report.bytesPerSecond / 1e6).toFixed(1)} MB/s`,
    ],
    ["size", `${report.bytesPerSpan.toFixed(0)} bytes a span as sent`],
    ["latency", `${latency.join("  ")} ms`],
    ["time", `${report.seconds.toFixed(1)} s`],
    ["own CPU", `${cpuSeconds.user.toFixed(1)} s user, ${cpuSeconds.system.toFixed(1)} s system`],
  ];
  for (const [reason, times] of Object.entries(report.retryReasons)) {
    rows.push(["retried for", `${count(times)} x ${reason}`]);
  }
  if (report.unansweredRequests > 0)
    rows.push(["unanswered", `${count(report.unansweredRequests)} requests`]);
  if (report.lastError !== undefined) rows.push(["last error", report.lastError]);
  return rows.map(([name, value]) => `${name.padEnd(13)}${value}`).join("\n");
}
