// The tracers that are measured side by side, installed into a scratch folder: ours as it is built, others
// from the registry at fixed versions, each set up as its documentation says.

import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const sdk = join(here, "../../../packages/sdk");

/** How a tracer is put in front of a program. */
export interface Agent {
  readonly name: string;
  /** Packages to install, with versions. */
  readonly packages: readonly string[];
  readonly cjs: readonly string[];
  readonly esm: readonly string[];
  /** Environment, with the URL of the sink. */
  env(sink: string): Record<string, string>;
  /** A program that makes the span `last work`, for the exit matrix; absent where none is made by hand. */
  readonly lastWork?: string;
}

const otlp = (sink: string) => ({
  OTEL_SERVICE_NAME: "bench",
  OTEL_EXPORTER_OTLP_ENDPOINT: sink,
  OTEL_METRICS_EXPORTER: "none",
  OTEL_LOGS_EXPORTER: "none",
});
const BY_API = `require("@opentelemetry/api").trace.getTracer("bench").startSpan("last work").end();`;

/** Libraries whose calls are measured, in versions that all tracers know. */
const LIBRARIES = [
  "pg@8.23.1",
  "ioredis@5.11.1",
  "@grpc/grpc-js@1.14.7",
  "@opentelemetry/api@1.10.0",
];
const PROGRAMS = ["http-app.cjs", "micro.cjs", "calls.cjs", "stub-servers.cjs"];

export const AGENTS: readonly Agent[] = [
  { name: "bare", packages: [], cjs: [], esm: [], env: () => ({}) },
  {
    name: "Clew",
    packages: ["@opentelemetry/api@1.10.0"],
    cjs: ["--require", "@clew/sdk/register"],
    esm: ["--import", "@clew/sdk/register"],
    env: otlp,
    lastWork: BY_API,
  },
  {
    name: "OpenTelemetry JS",
    packages: ["@opentelemetry/api@1.10.0", "@opentelemetry/auto-instrumentations-node@0.82.0"],
    cjs: ["--require", "@opentelemetry/auto-instrumentations-node/register"],
    esm: [
      "--experimental-loader=@opentelemetry/instrumentation/hook.mjs",
      "--import",
      "@opentelemetry/auto-instrumentations-node/register",
    ],
    env: otlp,
    lastWork: BY_API,
  },
  {
    name: "dd-trace",
    packages: ["dd-trace@6.21.0"],
    cjs: ["--require", "dd-trace/init"],
    esm: ["--import", "dd-trace/initialize.mjs"],
    env: (sink) => ({
      DD_TRACE_AGENT_URL: sink,
      DD_SERVICE: "bench",
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
      DD_REMOTE_CONFIGURATION_ENABLED: "false",
      DD_TRACE_STARTUP_LOGS: "false",
    }),
    lastWork: `require("dd-trace").trace("last work", () => {});`,
  },
  {
    name: "Elastic",
    packages: ["elastic-apm-node@4.18.0"],
    cjs: ["--require", "elastic-apm-node/start.js"],
    esm: [
      "--experimental-loader=elastic-apm-node/loader.mjs",
      "--require",
      "elastic-apm-node/start.js",
    ],
    env: (sink) => ({ ELASTIC_APM_SERVER_URL: sink, ELASTIC_APM_LOG_LEVEL: "off" }),
  },
  {
    name: "Sentry",
    packages: ["@sentry/node@11.12.0"],
    cjs: ["--require", "./sentry.cjs"],
    esm: ["--import", "./sentry.mjs"],
    env: (sink) => ({ SENTRY_DSN: sink.replace("http://", "http://key@").concat("/1") }),
  },
];

const OPTIONS = "{ dsn: process.env.SENTRY_DSN, tracesSampleRate: 1 }";

function npmInstall(folder: string, packages: readonly string[]): boolean {
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    "--legacy-peer-deps",
    ...packages,
  ];
  return spawnSync("npm", args, { cwd: folder, stdio: "ignore" }).status === 0;
}

/** Makes `folder` a place where the agents can be run; resolves to those that could be installed. */
export function installAgents(folder: string, wanted: readonly Agent[]): readonly Agent[] {
  writeFileSync(join(folder, "package.json"), `{ "name": "bench", "version": "1.0.0" }\n`);
  for (const name of PROGRAMS) copyFileSync(join(here, name), join(folder, name));
  writeFileSync(join(folder, "empty.cjs"), "");
  writeFileSync(join(folder, "empty.mjs"), `import "node:http";\n`);
  writeFileSync(join(folder, "sentry.cjs"), `require("@sentry/node").init(${OPTIONS});\n`);
  writeFileSync(
    join(folder, "sentry.mjs"),
    `import { init } from "@sentry/node";\ninit(${OPTIONS});\n`,
  );
  npmInstall(folder, LIBRARIES);
  const installed = wanted.filter(
    ({ packages }) => packages.length === 0 || npmInstall(folder, packages),
  );
  // Last, because npm removes what it does not know.
  const own = join(folder, "node_modules/@clew/sdk");
  cpSync(join(sdk, "dist"), join(own, "dist"), { recursive: true });
  copyFileSync(join(sdk, "package.json"), join(own, "package.json"));
  return installed;
}

/** Another Node from the registry; `undefined` when it cannot be had. */
export function installNode(folder: string, version: string): string | undefined {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `{ "name": "node-of-bench", "version": "1.0.0" }\n`);
  npmInstall(folder, [`node@${version}`]);
  const binary = join(folder, "node_modules/node/bin/node");
  return existsSync(binary) ? binary : undefined;
}
