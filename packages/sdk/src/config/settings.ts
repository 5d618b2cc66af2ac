// The settings of a running tracer: options of the program over OTEL_* over CLEW_SDK_* over defaults. Bad
// values never stop an application: the default counts then, and `complaints` says what was wrong.

import type { Attributes } from "@opentelemetry/api";
import { type LogKeyChoice, readLogKeys } from "../logs/keys.ts";
import type { SpanLimits } from "../trace/limits.ts";
import { Environment } from "./environment.ts";
import type { Compression, Protocol, StartOptions } from "./options.ts";

/** Where and how spans are sent. */
export interface ExportSettings {
  readonly enabled: boolean;
  /** Full URL of the traces endpoint. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: Protocol;
  readonly compression: Compression;
  readonly timeoutMs: number;
  readonly caFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly certFile: string | undefined;
  readonly maxConcurrency: number;
  /** Longest time that a batch stays open, milliseconds. */
  readonly delayMs: number;
  /** Spans and bytes at which a batch is sealed. */
  readonly batchSpans: number;
  readonly batchBytes: number;
  /** Bytes that may wait in memory. */
  readonly queueBytes: number;
  /** Folder for what cannot be sent; `undefined` keeps nothing on disk. */
  readonly spillFolder: string | undefined;
  readonly spillBytes: number;
  readonly spillMs: number;
  /** Longest time that the end of the process waits for a backend, milliseconds. */
  readonly exitMs: number;
}

/** What HTTP instrumentations are told. */
export interface HttpSettings {
  /** Paths of requests, in and out, that are not traced; `*` stands for anything. */
  readonly ignore: readonly string[];
  /** Names of query parameters whose values are hidden beside the usual ones. */
  readonly secretParameters: readonly string[];
  /** Header to answer with the trace id in, or empty. */
  readonly traceIdHeader: string;
  /** Whether each handler and middleware of a web framework has a span. */
  readonly handlerSpans: boolean;
}

/** What instrumentations of loggers are told. */
export interface LogSettings {
  readonly keys: LogKeyChoice;
  /** Whether lines of the console name their span too. */
  readonly console: boolean;
}

/** All settings. */
export interface Settings {
  readonly disabled: boolean;
  readonly service: string | undefined;
  readonly resource: Attributes;
  readonly samplerName: string;
  readonly samplerArgument: string;
  readonly rules: string;
  readonly propagators: readonly string[];
  readonly limits: SpanLimits;
  readonly export: ExportSettings;
  readonly http: HttpSettings;
  readonly logs: LogSettings;
  /** What messages are to their senders, where the program has said it for all. */
  readonly messageParent: "message" | "link" | undefined;
  readonly disabledInstrumentations: readonly string[];
  /** Only these, when not empty. */
  readonly enabledInstrumentations: readonly string[];
  readonly randomFlag: boolean;
  readonly detectResource: boolean;
  readonly logLevel: string;
  /** Folder for reports to the doctor. */
  readonly reportFolder: string | undefined;
  readonly complaints: readonly string[];
}

const MIB = 1024 * 1024;
const DEFAULT_URL = "http://localhost:4318";

const protocolNames = [
  "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
  "OTEL_EXPORTER_OTLP_PROTOCOL",
] as const;

function endpoint(env: Environment, given: string | undefined): string {
  const own = given === undefined ? env.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") : undefined;
  const overGrpc = env.either(...protocolNames) === "grpc";
  if (own !== undefined && !overGrpc) return own;
  const base = given ?? own ?? env.text("OTEL_EXPORTER_OTLP_ENDPOINT") ?? DEFAULT_URL;
  return base.endsWith("/v1/traces") ? base : `${base.replace(/\/+$/, "")}/v1/traces`;
}

function protocol(env: Environment, given: Protocol | undefined): Protocol {
  const wanted = given ?? env.either(...protocolNames);
  if (wanted === "http/json") return wanted;
  if (wanted !== undefined && wanted !== "http/protobuf") {
    env.complain(`OTLP protocol ${wanted} is not supported; http/protobuf is used`);
  }
  return "http/protobuf";
}

/** Settings made for OTLP over gRPC name its port; receivers take OTLP over HTTP on the next one. */
function portOfHttp(env: Environment, url: string): string {
  return env.either(...protocolNames) === "grpc" ? url.replace(/:4317(?=\/|$)/, ":4318") : url;
}

function compression(env: Environment, given: Compression | undefined): Compression {
  const wanted =
    given ?? env.either("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION");
  if (wanted === "none" || wanted === "gzip" || wanted === "zstd") return wanted;
  if (wanted !== undefined && wanted !== "auto") env.complain(`compression ${wanted} is unknown`);
  return "auto";
}

function exportSettings(env: Environment, options: StartOptions): ExportSettings {
  const exporter = env.text("OTEL_TRACES_EXPORTER") ?? "otlp";
  if (exporter !== "otlp" && exporter !== "none") {
    env.complain(`OTEL_TRACES_EXPORTER=${exporter} is not supported; otlp is used`);
  }
  const spill = options.spill ?? env.text("CLEW_SDK_SPILL") ?? "auto";
  const file = (name: string) =>
    env.either(`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`);
  return {
    enabled: options.export ?? exporter !== "none",
    url: portOfHttp(env, endpoint(env, options.endpoint)),
    headers: {
      ...env.pairs("OTEL_EXPORTER_OTLP_HEADERS"),
      ...env.pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
      ...options.headers,
    },
    protocol: protocol(env, options.protocol),
    compression: compression(env, options.compression),
    timeoutMs: env.number(
      "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
      env.number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000, 1),
      1,
    ),
    caFile: file("CERTIFICATE"),
    keyFile: file("CLIENT_KEY"),
    certFile: file("CLIENT_CERTIFICATE"),
    maxConcurrency: env.number("CLEW_SDK_CONCURRENCY", 16, 1),
    delayMs: env.number("OTEL_BSP_SCHEDULE_DELAY", 1000, 0),
    batchSpans: env.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 2048, 1),
    batchBytes: env.number("CLEW_SDK_BATCH_BYTES", MIB / 2, 1024),
    queueBytes: env.number("CLEW_SDK_QUEUE_BYTES", 16 * MIB, 1024),
    spillFolder: spill === "off" ? undefined : spill,
    spillBytes: env.number("CLEW_SDK_SPILL_BYTES", 64 * MIB, 0),
    spillMs: env.number("CLEW_SDK_SPILL_HOURS", 24, 0) * 3_600_000,
    exitMs: env.number("CLEW_SDK_EXIT_TIMEOUT", 500, 0),
  };
}

function limits(env: Environment): SpanLimits {
  const attributes = env.number("OTEL_ATTRIBUTE_COUNT_LIMIT", 128, 0);
  const length = env.number("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", 64 * 1024, 0);
  return {
    attributes: env.number("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", attributes, 0),
    valueLength: env.number("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length, 0),
    events: env.number("OTEL_SPAN_EVENT_COUNT_LIMIT", 128, 0),
    links: env.number("OTEL_SPAN_LINK_COUNT_LIMIT", 128, 0),
    attributesPerEvent: env.number("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", 128, 0),
    attributesPerLink: env.number("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", 128, 0),
  };
}

function logSettings(env: Environment, given: LogKeyChoice | undefined): LogSettings {
  const text = env.text("CLEW_SDK_LOG_KEYS") ?? "otel";
  const read = readLogKeys(text);
  if (read === undefined) env.complain(`CLEW_SDK_LOG_KEYS=${text} is not known; otel is used`);
  return { keys: given ?? read ?? "otel", console: env.flag("CLEW_SDK_LOG_CONSOLE") };
}

/** A name that a header can have (RFC 9110, "token"), or empty: Node refuses others with every answer. */
function headerName(env: Environment, variable: string): string {
  const name = (env.text(variable) ?? "").toLowerCase();
  if (name === "" || /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)) return name;
  env.complain(`${variable}=${name} is no name of a header; none is sent`);
  return "";
}

function messageParent(env: Environment): Settings["messageParent"] {
  const wanted = env.text("CLEW_SDK_MESSAGING_PARENT");
  if (wanted === undefined || wanted === "message" || wanted === "link") return wanted;
  env.complain(`CLEW_SDK_MESSAGING_PARENT=${wanted} is neither message nor link`);
  return undefined;
}

/** Settings of a tracer from `options` and the environment `variables`. Never throws. */
export function readSettings(
  options: StartOptions,
  variables: Readonly<Record<string, string | undefined>>,
): Settings {
  const env = new Environment(variables);
  const { "service.name": named, ...attributes } = env.pairs("OTEL_RESOURCE_ATTRIBUTES");
  const version = options.version === undefined ? {} : { "service.version": options.version };
  return {
    disabled: env.flag("OTEL_SDK_DISABLED"),
    service: options.service ?? env.text("OTEL_SERVICE_NAME") ?? named,
    resource: { ...attributes, ...version, ...options.resource },
    samplerName: env.text("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on",
    samplerArgument: env.text("OTEL_TRACES_SAMPLER_ARG") ?? "",
    rules: env.text("CLEW_SDK_SAMPLING_RULES") ?? "",
    propagators: options.propagators ?? env.list("OTEL_PROPAGATORS", ["tracecontext", "baggage"]),
    limits: limits(env),
    export: exportSettings(env, options),
    http: {
      ignore: env.list("CLEW_SDK_IGNORE_PATHS", []),
      secretParameters: env.list("CLEW_SDK_SECRET_PARAMETERS", []),
      traceIdHeader: headerName(env, "CLEW_SDK_TRACE_ID_HEADER"),
      handlerSpans: env.flag("CLEW_SDK_HANDLER_SPANS"),
    },
    logs: logSettings(env, options.logKeys),
    messageParent: messageParent(env),
    disabledInstrumentations:
      options.disabledInstrumentations ?? env.list("OTEL_NODE_DISABLED_INSTRUMENTATIONS", []),
    enabledInstrumentations: env.list("OTEL_NODE_ENABLED_INSTRUMENTATIONS", []),
    randomFlag: env.flag("CLEW_SDK_RANDOM_FLAG"),
    detectResource: env.text("OTEL_NODE_RESOURCE_DETECTORS") !== "none",
    logLevel: (env.text("OTEL_LOG_LEVEL") ?? "warn").toLowerCase(),
    reportFolder: env.text("CLEW_SDK_REPORT"),
    complaints: env.complaints,
  };
}
