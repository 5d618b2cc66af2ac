// Metrics of the process itself, under the names that Prometheus dashboards know.

import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MetricsRegistry } from "@clew/api";

/** Registers memory, CPU, start time and event-loop delay. */
export function processMetrics(registry: MetricsRegistry, version: string): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  registry.gauge("clew_build_info", "Always 1; the version is a label.").set(1, { version });
  registry.observedGauge("process_resident_memory_bytes", "Resident memory in bytes.", () =>
    process.memoryUsage.rss(),
  );
  registry.observedGauge(
    "process_start_time_seconds",
    "Start of the process, seconds since 1970.",
    () => Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000,
  );
  registry.observedCounter("process_cpu_seconds_total", "CPU time used, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.observedGauge(
    "nodejs_eventloop_lag_p99_seconds",
    "99th percentile of the event loop's delay since the last scrape.",
    () => {
      const seconds = delay.percentile(99) / 1e9;
      delay.reset();
      return seconds;
    },
  );
}
