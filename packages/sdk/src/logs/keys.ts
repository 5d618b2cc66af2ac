// Under which names a log record tells of its span, and how the ids are written there.

import type { SpanContext } from "@opentelemetry/api";

/** Names of the fields of a log record. */
export interface LogKeys {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: string;
}

/** Whose names: OpenTelemetry's, Datadog's, Google Cloud's, or one's own. */
export type LogKeyChoice = "otel" | "datadog" | "gcp" | LogKeys;

/** Fields of a log record. */
export type LogFields = Readonly<Record<string, string | boolean>>;

/** Names of OpenTelemetry, as in "Trace Context in non-OTLP Log Formats" of its specification. */
const OTEL: LogKeys = { traceId: "trace_id", spanId: "span_id", traceFlags: "trace_flags" };

const flagsOf = ({ traceFlags }: SpanContext): string => traceFlags.toString(16).padStart(2, "0");

function googleFields(context: SpanContext): LogFields {
  const project = process.env["GOOGLE_CLOUD_PROJECT"] ?? "";
  const { traceId, spanId, traceFlags } = context;
  return {
    "logging.googleapis.com/trace":
      project === "" ? traceId : `projects/${project}/traces/${traceId}`,
    "logging.googleapis.com/spanId": spanId,
    "logging.googleapis.com/trace_sampled": (traceFlags & 1) !== 0,
  };
}

function datadogFields({ traceId, spanId }: SpanContext): LogFields {
  return { "dd.trace_id": traceId, "dd.span_id": BigInt(`0x${spanId}`).toString() };
}

/** The fields that name a span. */
export function fieldsOf(context: SpanContext, choice: LogKeyChoice): LogFields {
  if (choice === "gcp") return googleFields(context);
  if (choice === "datadog") return datadogFields(context);
  const keys = choice === "otel" ? OTEL : choice;
  return {
    [keys.traceId]: context.traceId,
    [keys.spanId]: context.spanId,
    [keys.traceFlags]: flagsOf(context),
  };
}

/** Reads a choice from a setting: a name, or three names of one's own. `undefined` when it is neither. */
export function readLogKeys(text: string): LogKeyChoice | undefined {
  if (text === "otel" || text === "datadog" || text === "gcp") return text;
  const [traceId, spanId, traceFlags, ...more] = text.split(",").map((part) => part.trim());
  if (!traceId || !spanId || !traceFlags || more.length > 0) return undefined;
  return { traceId, spanId, traceFlags };
}
