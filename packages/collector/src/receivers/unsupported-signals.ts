// What senders are told about the OTLP signals that Clew does not store. Exporters send metrics by
// default, so the text says how to turn them off rather than only that they are unknown.

export const METRICS_NOT_STORED =
  "metrics are not stored by Clew; turn the metrics exporter off or point OTEL_EXPORTER_OTLP_METRICS_ENDPOINT elsewhere";

export const PROFILES_NOT_STORED =
  "profiles are not stored by Clew; turn the profiles exporter off or point it elsewhere";

/** By OTLP/HTTP path. */
export const unsupportedPaths: Readonly<Record<string, string>> = {
  "/v1/metrics": METRICS_NOT_STORED,
  "/v1development/profiles": PROFILES_NOT_STORED,
  "/v1/profiles": PROFILES_NOT_STORED,
};

/** By gRPC method. */
export const unsupportedMethods: Readonly<Record<string, string>> = {
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": METRICS_NOT_STORED,
  "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export":
    PROFILES_NOT_STORED,
};
