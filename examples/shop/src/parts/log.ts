// The shop's logger: every line becomes an OTLP log record that carries the ids of the span it
// was written in; warnings and errors also go to the terminal (all lines with SHOP_VERBOSE=1).
import { type Attributes, logs, SeverityNumber, trace } from "@opentelemetry/api";

const VERBOSE = process.env["SHOP_VERBOSE"] === "1";

type Level = "INFO" | "WARN" | "ERROR";

const SEVERITY: Readonly<Record<Level, SeverityNumber>> = {
  INFO: SeverityNumber.INFO,
  WARN: SeverityNumber.WARN,
  ERROR: SeverityNumber.ERROR,
};

function write(level: Level, body: string, attributes: Attributes): void {
  logs.getLogger("lanternfish-books", "1.0.0").emit({
    severityNumber: SEVERITY[level],
    severityText: level,
    body,
    attributes,
  });
  if (level === "INFO" && !VERBOSE) return;
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  console.log(`${level} ${body}${traceId === undefined ? "" : ` (trace ${traceId})`}`);
}

/** Writes log records correlated with the active span. */
export const log = {
  /** Something normal happened. */
  info(body: string, attributes: Attributes = {}): void {
    write("INFO", body, attributes);
  },
  /** Something went wrong that the shop could live with. */
  warn(body: string, attributes: Attributes = {}): void {
    write("WARN", body, attributes);
  },
  /** Something failed; `cause` gives the exception attributes. */
  error(body: string, cause: unknown, attributes: Attributes = {}): void {
    write("ERROR", body, { ...attributes, ...exceptionAttributes(cause) });
  },
};

function exceptionAttributes(cause: unknown): Attributes {
  if (!(cause instanceof Error)) return { "exception.message": String(cause) };
  return {
    "exception.type": cause.name,
    "exception.message": cause.message,
    "exception.stacktrace": cause.stack ?? "",
  };
}
