// The collector thread's counters as Prometheus metrics.

import type { MetricFamily } from "@clew/api";
import type { CollectorStats } from "./messages.ts";

/** Families as they stood when the thread last reported (every second). */
export function ingestMetrics({
  ingest,
  receivers,
  spoolBytes,
  freeBytes,
}: CollectorStats): MetricFamily[] {
  return [
    counter("clew_ingest_spans_total", "Spans acknowledged.", ingest.acceptedSpans),
    counter("clew_ingest_log_records_total", "Log records acknowledged.", ingest.acceptedLogs),
    counter(
      "clew_ingest_rejected_records_total",
      "Spans and log records refused for their content.",
      ingest.rejectedRecords,
    ),
    counter(
      "clew_ingest_refused_requests_total",
      "Requests told to retry because the spool was full.",
      ingest.refusedRequests,
    ),
    counter(
      "clew_ingest_repeated_requests_total",
      "Repeated requests acknowledged without storing them twice.",
      ingest.repeatedRequests,
    ),
    counter(
      "clew_segments_inserted_total",
      "Segments made durable in the engine.",
      ingest.insertedSegments,
    ),
    counter(
      "clew_segments_replayed_total",
      "Segments whose rows were made again from the log.",
      ingest.replayedSegments,
    ),
    counter(
      "clew_segments_damaged_total",
      "Segments set aside because they could not be inserted.",
      ingest.damagedSegments,
    ),
    gauge("clew_spool_bytes", "Acknowledged bytes that the engine does not have yet.", spoolBytes),
    gauge(
      "clew_spool_free_bytes",
      "Bytes senders may send before they are told to wait.",
      freeBytes,
    ),
    {
      name: "clew_receiver_requests_total",
      help: "Export requests answered.",
      type: "counter",
      samples: Object.entries(receivers.requests).map(([key, value]) => {
        const [signal = "", transport = "", code = ""] = key.split("/");
        return { labels: { signal, transport, code }, value };
      }),
    },
    {
      name: "clew_receiver_body_bytes_total",
      help: "Bytes of export requests after decompression.",
      type: "counter",
      samples: Object.entries(receivers.bodyBytes).map(([transport, value]) => ({
        labels: { transport },
        value,
      })),
    },
    {
      name: "clew_receiver_in_flight_requests",
      help: "Export requests that are not answered yet.",
      type: "gauge",
      samples: Object.entries(receivers.inFlight).map(([transport, value]) => ({
        labels: { transport },
        value,
      })),
    },
  ];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ value }] };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "gauge", samples: [{ value }] };
}
