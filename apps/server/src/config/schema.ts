// Every setting of the server, once: type, limits, default and what it means. The environment name of a
// setting follows from its key (`tls.clientCa` is CLEW_TLS_CLIENT_CA), and docs/configuration.md from this file.

import { clewTenantHeader, defaultTenantHeader, isTenantName } from "@clew/api";
import { z } from "zod";

/** Log levels, quietest last. */
export const logLevels = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/** The settings as the rest of the server reads them. */
export interface Config {
  readonly dataDir: string;
  readonly host: string;
  /** 0 here and below: the listener is off. */
  readonly port: number;
  readonly otlpGrpcPort: number;
  readonly otlpHttpPort: number;
  readonly jaegerGrpcPort: number;
  readonly tempoGrpcPort: number;
  readonly samplingPort: number;
  readonly samplingFile?: string | undefined;
  readonly tls: {
    readonly cert?: string | undefined;
    readonly key?: string | undefined;
    readonly clientCa?: string | undefined;
  };
  readonly corsOrigins: readonly string[];
  readonly queryCorsOrigins: readonly string[];
  readonly maxRequestBytes: number;
  readonly ingestMemoryBytes: number;
  readonly spoolMaxBytes: number;
  readonly retentionDays: number;
  readonly retention: { readonly tenants: Readonly<Record<string, number>> };
  /** Lower case. */
  readonly tenantHeader: string;
  readonly logLevel: (typeof logLevels)[number];
  /** Undefined: the UI built in this checkout. */
  readonly webDir?: string | undefined;
  readonly queryTimeoutMs: number;
  readonly queryMaxMemoryBytes: number;
  readonly queryMaxReadBytes: number;
  readonly queryConcurrency: number;
}

const mebi = 1024 * 1024;
const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: mebi,
  GiB: 1024 * mebi,
  TiB: 1024 * 1024 * mebi,
};

function wholeNumber(value: unknown): unknown {
  return typeof value === "string" && /^[+-]?\d+$/.test(value) ? Number(value) : value;
}

function integer(minimum: number, maximum: number): z.ZodType<number> {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z.preprocess(wholeNumber, z.int(message).min(minimum, message).max(maximum, message));
}

function port(what: string, otherwise: number): z.ZodType<number> {
  return integer(0, 65_535).default(otherwise).describe(`${what} 0 turns it off.`);
}

function bytesOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const match = /^(\d+)\s*([A-Za-z]*)$/.exec(value);
  const unit = byteUnits[match?.[2] || "B"];
  return match === null || unit === undefined ? value : Number(match[1]) * unit;
}

function byteSize(minimum: number): z.ZodType<number> {
  const message = `must be a number of bytes, at least ${minimum}, such as 67108864 or 64MiB`;
  return z.preprocess(bytesOf, z.int(message).min(minimum, message));
}

function commaList(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** `a=3,b=30` as the environment writes a map; what is not of that form stays as it is and is refused. */
function pairs(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const entries = (commaList(value) as string[]).map((pair) => pair.split("="));
  if (entries.some((entry) => entry.length !== 2)) return value;
  return Object.fromEntries(entries.map(([name = "", days = ""]) => [name.trim(), days.trim()]));
}

const text = z.string("must be a text").min(1, "must not be empty");
const path = text.optional();
const days = integer(1, 36_500);
const origin = z
  .string("must be a text")
  .regex(/^(\*|https?:\/\/[^/\s]+)$/, "must be * or an origin such as https://shop.example");
const tenant = z
  .string()
  .refine(isTenantName, "a tenant is 1 to 64 letters, digits, dots, underscores and dashes");
const originList = z.array(origin, "must be a list of origins, such as https://shop.example");
const tenantDays = z.record(tenant, days, "must map tenants to days, such as team-a=30,team-b=7");
const headerName = text
  .regex(/^[A-Za-z0-9-]{1,64}$/, "must be the name of a header")
  .transform((name) => name.toLowerCase())
  .refine(
    (name) => name !== clewTenantHeader,
    `${clewTenantHeader} is always read; name another header`,
  );

/** The schema of the YAML file; unknown keys are reported by the loader, which knows their lines. */
export const configSchema: z.ZodObject = z.strictObject({
  dataDir: text.default("./data").describe("Folder of the embedded store, its spool and its lock."),
  host: text
    .default("127.0.0.1")
    .describe(
      "Address that all listeners bind. Clew has no log-in: the default takes connections from this machine only. " +
        "`0.0.0.0` takes them from everywhere (containers need it); put something in front that you trust.",
    ),
  port: port("Port of the web UI and all query APIs.", 4319),
  otlpGrpcPort: port("Port of the OTLP/gRPC receiver.", 4317),
  otlpHttpPort: port("Port of the OTLP/HTTP receiver.", 4318),
  jaegerGrpcPort: port("Port of Jaeger's gRPC query API, 16685 in Jaeger; plain text.", 0),
  tempoGrpcPort: port(
    "Further port of Tempo's streaming gRPC API, 9095 in Tempo; plain text. `port` answers it as well.",
    0,
  ),
  samplingPort: port(
    "Further port of remote sampling over HTTP, 5778 in Jaeger. `otlpHttpPort` (`/sampling`), `otlpGrpcPort` and `port` " +
      "(`/api/sampling`) answer it as well.",
    0,
  ),
  samplingFile: path.describe(
    "YAML or JSON file with the rates of sampling that tracers are told; it is read again when it changes.",
  ),
  tls: z.strictObject({
    cert: path.describe(
      "PEM file with the certificate chain of the OTLP receivers; without it they speak plain text.",
    ),
    key: path.describe("PEM file with the private key of `tls.cert`."),
    clientCa: path.describe(
      "PEM file with the authorities whose client certificates the OTLP receivers demand.",
    ),
  }),
  corsOrigins: z
    .preprocess(commaList, originList)
    .default([])
    .describe("Origins of web pages that may send OTLP/HTTP from a browser; `*` for all."),
  queryCorsOrigins: z
    .preprocess(commaList, originList)
    .default([])
    .describe(
      "Origins of web pages that may read the Jaeger and Zipkin APIs from a browser, such as a Jaeger UI or " +
        "Lens served elsewhere; `*` for all.",
    ),
  maxRequestBytes: byteSize(1024)
    .default(64 * mebi)
    .describe("Largest request that a receiver takes, in bytes after decompression."),
  ingestMemoryBytes: byteSize(mebi)
    .default(256 * mebi)
    .describe(
      "Bytes of spans that may be in memory on their way to the disk; past it senders are told to retry.",
    ),
  spoolMaxBytes: byteSize(mebi)
    .default(4096 * mebi)
    .describe(
      "Bytes of spans on disk that the engine has not taken yet; past it senders are told to retry.",
    ),
  retentionDays: days.default(14).describe("Days that spans and logs are kept."),
  retention: z.strictObject({
    tenants: z
      .preprocess(pairs, tenantDays)
      .default({})
      .describe("Days by tenant where they differ from `retentionDays`."),
  }),
  tenantHeader: headerName
    .default(defaultTenantHeader)
    .describe(`Request header that names the tenant; \`${clewTenantHeader}\` is read as well.`),
  logLevel: z
    .enum(logLevels, { error: () => `must be one of ${logLevels.join(", ")}` })
    .default("info")
    .describe("What is logged: this level and everything more serious."),
  webDir: path.describe("Folder of the built web UI; by default the one of this checkout."),
  queryTimeoutMs: integer(100, 3_600_000)
    .default(30_000)
    .describe("Milliseconds that a query may run."),
  queryMaxMemoryBytes: byteSize(16 * mebi)
    .default(1024 * mebi)
    .describe("Bytes of memory that one query may use in the engine."),
  queryMaxReadBytes: byteSize(mebi)
    .default(102_400 * mebi)
    .describe(
      "Bytes that one query may read, uncompressed; more than the engine manages within `queryTimeoutMs`, unless " +
        "that is raised.",
    ),
  queryConcurrency: integer(1, 64)
    .default(4)
    .describe(
      "Queries that run at the same time; others wait. Above 20, set `UV_THREADPOOL_SIZE` to 4 more.",
    ),
});

/** A single setting: its key in the file, its name in the environment, its schema. */
export interface Setting {
  /** Dotted for nested keys: `tls.cert`. */
  readonly key: string;
  readonly env: string;
  readonly schema: z.ZodType;
  readonly description: string;
}

/** Environment name of a setting's key: `otlpGrpcPort` is CLEW_OTLP_GRPC_PORT. */
export function envName(key: string): string {
  const words = key.replaceAll(".", "_").replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2");
  return `CLEW_${words.toUpperCase()}`;
}

function leaves(schema: z.ZodObject, prefix: string): Setting[] {
  return Object.entries(schema.shape).flatMap(([name, field]) => {
    const key = prefix + name;
    if (field instanceof z.ZodObject) return leaves(field, `${key}.`);
    const type = field as z.ZodType;
    return [{ key, env: envName(key), schema: type, description: type.description ?? "" }];
  });
}

/** Every setting, in the schema's order. */
export const settings: readonly Setting[] = leaves(configSchema, "");
