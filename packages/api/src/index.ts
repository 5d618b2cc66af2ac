export { acceptWeights, negotiateType } from "./http/accept.ts";
export { disconnectSignal } from "./http/disconnect.ts";
export { type ErrorBody, errorBody, httpStatus, sendError, toClewError } from "./http/errors.ts";
export { nearestName } from "./http/nearest.ts";
export { type ApiServerOptions, createApiServer } from "./http/server.ts";
export {
  clewTenantHeader,
  defaultTenant,
  defaultTenantHeader,
  isTenantName,
  tenantOf,
} from "./http/tenant.ts";
export {
  type JaegerGrpcOptions,
  type JaegerGrpcServer,
  startJaegerGrpc,
} from "./jaeger/grpc/server.ts";
export type { JaegerApiOptions } from "./jaeger/options.ts";
export { jaegerApi } from "./jaeger/plugin.ts";
export { mcpApi } from "./mcp/plugin.ts";
export type { HistogramSample, Labels, MetricFamily, MetricSample } from "./metrics/exposition.ts";
export { metricsContentType, renderMetrics } from "./metrics/exposition.ts";
export { type Counter, type Gauge, type Histogram, MetricsRegistry } from "./metrics/registry.ts";
export { type MetricsRouteOptions, metricsRoute } from "./metrics/route.ts";
export { parseAttributeFilter, printAttributeFilter } from "./native/attribute-filter.ts";
export { nativeApi } from "./native/plugin.ts";
export type { Health, NativeApiOptions } from "./native/route.ts";
export { prometheusApi } from "./prometheus/plugin.ts";
export { samplingApi } from "./sampling/plugin.ts";
export { noRates, type RatesProblem, readRates, type SamplingRates } from "./sampling/rates.ts";
export { Sampling, type SamplingAnswer, type TenantRates } from "./sampling/sampling.ts";
export { type TempoGrpcOptions, tempoGrpc } from "./tempo/grpc-plugin.ts";
export { tempoApi } from "./tempo/plugin.ts";
export type { WebUiOptions } from "./web/web-ui.ts";
export type { ZipkinApiOptions } from "./zipkin/options.ts";
export { zipkinApi } from "./zipkin/plugin.ts";
