// Where each setting that people ask about came from: code, a variable of the environment, or the default. For the
// doctor, which shows them; loaded only with the report.

import type { StartOptions } from "./options.ts";
import type { Settings } from "./settings.ts";

/** A setting as people read it. */
export interface SettingOrigin {
  readonly name: string;
  readonly value: string;
  /** `code`, the name of a variable, or `default`. */
  readonly from: string;
}

interface Row {
  readonly name: string;
  /** Options of `start`, the first given counts. */
  readonly options: readonly (keyof StartOptions)[];
  /** Variables, the first set counts. */
  readonly variables: readonly string[];
  value(settings: Settings, facts: RunningFacts): string;
}

/** What only the running tracer knows. */
export interface RunningFacts {
  readonly service: string;
  readonly sampler: string;
}

function listed(values: readonly string[]): string {
  return values.length === 0 ? "none" : values.join(",");
}

function otlp(name: string): readonly string[] {
  return [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`];
}

const ROWS: readonly Row[] = [
  {
    name: "service",
    options: ["service"],
    variables: ["OTEL_SERVICE_NAME"],
    value: (_, { service }) => service,
  },
  {
    name: "endpoint",
    options: ["endpoint"],
    variables: otlp("ENDPOINT"),
    value: ({ export: { url } }) => url,
  },
  {
    name: "exporter",
    options: ["export"],
    variables: ["OTEL_TRACES_EXPORTER"],
    value: ({ export: { enabled } }) => (enabled ? "otlp" : "none"),
  },
  {
    name: "protocol",
    options: ["protocol"],
    variables: otlp("PROTOCOL"),
    value: ({ export: { protocol } }) => protocol,
  },
  {
    name: "headers",
    options: ["headers"],
    variables: otlp("HEADERS"),
    // Values are secrets.
    value: ({ export: { headers } }) => listed(Object.keys(headers)),
  },
  {
    name: "compression",
    options: ["compression"],
    variables: otlp("COMPRESSION"),
    value: ({ export: { compression } }) => compression,
  },
  {
    name: "sampler",
    options: ["sampler", "rules"],
    variables: ["CLEW_SDK_SAMPLING_RULES", "OTEL_TRACES_SAMPLER"],
    value: (_, { sampler }) => sampler,
  },
  {
    name: "propagators",
    options: ["propagators"],
    variables: ["OTEL_PROPAGATORS"],
    value: ({ propagators }) => listed(propagators),
  },
  {
    name: "disabled instrumentations",
    options: ["disabledInstrumentations"],
    variables: ["OTEL_NODE_DISABLED_INSTRUMENTATIONS"],
    value: ({ disabledInstrumentations }) => listed(disabledInstrumentations),
  },
  {
    name: "enabled instrumentations",
    options: [],
    variables: ["OTEL_NODE_ENABLED_INSTRUMENTATIONS"],
    value: ({ enabledInstrumentations: only }) => (only.length === 0 ? "all" : only.join(",")),
  },
  {
    name: "ignored paths",
    options: [],
    variables: ["CLEW_SDK_IGNORE_PATHS"],
    value: ({ http }) => listed(http.ignore),
  },
  {
    name: "parent of messages",
    options: [],
    variables: ["CLEW_SDK_MESSAGING_PARENT"],
    value: ({ messageParent }) => messageParent ?? "message, or link in batches and helpers",
  },
  {
    name: "trace id header",
    options: [],
    variables: ["CLEW_SDK_TRACE_ID_HEADER"],
    value: ({ http }) => (http.traceIdHeader === "" ? "none" : http.traceIdHeader),
  },
  {
    name: "spill",
    options: ["spill"],
    variables: ["CLEW_SDK_SPILL"],
    value: ({ export: { spillFolder } }) => spillFolder ?? "off",
  },
];

/** All rows. */
export function settingOrigins(
  settings: Settings,
  facts: RunningFacts,
  options: StartOptions,
  env: Readonly<Record<string, string | undefined>>,
): readonly SettingOrigin[] {
  return ROWS.map(({ name, options: keys, variables, value }) => {
    const inCode = keys.some((key) => options[key] !== undefined);
    const variable = variables.find((each) => (env[each] ?? "").trim() !== "");
    const from = inCode ? "code" : (variable ?? "default");
    return { name, value: value(settings, facts), from };
  });
}
