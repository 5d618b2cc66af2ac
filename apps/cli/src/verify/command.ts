// `clew verify`: proves with synthetic requests that traces are complete and as expected.

import { readFileSync, writeFileSync } from "node:fs";
import { ClewError } from "@clew/base";
import type { Command } from "commander";
import { duration } from "../argument-types.ts";
import type { CliOutput } from "../cli-output.ts";
import {
  interruptible,
  type ServerFlags,
  serverOption,
  tenantOption,
} from "../query/query-flags.ts";
import { otlpHttpPort } from "../server-ports.ts";
import type { Plan } from "./plan-file.ts";
import type { InteractionResult } from "./run-interaction.ts";

interface Flags extends ServerFlags {
  otlp?: string;
  wait?: number;
  only?: string;
  record?: string | true;
  junit?: string;
  json?: true;
}

const EXAMPLE = `
A plan:

  wait: 15s                        # how long a trace may take to be complete
  interactions:
    - name: place an order
      request:                     # sent with a trace context of its own
        method: POST
        url: http://127.0.0.1:8080/orders
        headers: { content-type: application/json }
        body: '{"book": 7}'
        status: 201
      repeat: 3
      latency: { p95: 500ms }
      expect:
        services: [gateway, orders]
        edges: [gateway -> orders]
        unexpected: forbid         # other services and calls are findings
        spanCount: "5..9"
        spans:
          - service: orders
            name: POST /orders     # or { regex: "^POST" }
            kind: server
            count: 1               # or "1..3", "2.."
            parent: { service: gateway, kind: client }
            attributes: { http.response.status_code: 201, db.query.text: { exists: false } }
            maxDuration: 200ms
    - name: nightly jobs ran well
      query: '{ resource.service.name = "jobs" && nestedSetParent < 0 }'
      since: 24h                   # traces that are there already
      errorRate: 0.01
      expect: { errors: "0.." }

Write down the requests alone, and --record fills in what to expect from a good run.
Exit code 0 when everything is as expected, 1 when not, 2 for a plan or arguments that are wrong.`;

/** Adds the `verify` subcommand. */
export function addVerifyCommand(program: Command, output: CliOutput): void {
  program
    .command("verify")
    .argument("<plan>", "YAML file of interactions and what to expect of their traces")
    .summary("send synthetic requests and check that their traces are complete and as expected")
    .description(
      "Sends the requests of a plan, waits for their traces, and reports what is missing, orphaned, duplicated,\n" +
        "mis-parented or unexpected, with a link to each trace.",
    )
    .addOption(serverOption())
    .addOption(tenantOption())
    .option(
      "--otlp <url>",
      "where to export the requests' own spans (default: port 4318 of --server)",
    )
    .option("--wait <time>", "how long a trace may take, instead of the plan's", duration)
    .option("--only <text>", "only interactions whose name contains this")
    .option(
      "--record [file]",
      "write what the traces of this run look like into the plan, or into another file",
    )
    .option("--junit <file>", "write JUnit XML to this file")
    .option("--json", "print the report as JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (file: string, flags: Flags) => {
      process.exitCode = await interruptible((signal) => verify(file, flags, output, signal));
    });
}

async function verify(
  file: string,
  flags: Flags,
  output: CliOutput,
  signal: AbortSignal,
): Promise<number> {
  const { readPlan } = await import("./plan-file.ts");
  const plan = readPlan(file);
  const results = await runAll(plan, flags, output, signal);
  const { findingCount, junitXml, reportJson } = await import("./report.ts");
  if (flags.json === true) output.out(reportJson(results));
  if (flags.junit !== undefined) writeFileSync(flags.junit, junitXml(results));
  if (flags.record !== undefined) await record(file, plan, flags, results, output);
  const failed = results.filter((result) => findingCount(result) > 0).length;
  if (flags.json !== true)
    output.out(`${results.length - failed} of ${results.length} interactions as expected\n`);
  return failed === 0 ? 0 : 1;
}

async function runAll(
  plan: Plan,
  flags: Flags,
  output: CliOutput,
  signal: AbortSignal,
): Promise<readonly InteractionResult[]> {
  const { ClewClient } = await import("../query/clew-client.ts");
  const { runInteraction } = await import("./run-interaction.ts");
  const { exportRoots } = await import("./synthetic-request.ts");
  const { reportText } = await import("./report.ts");
  const { only, wait = plan.wait } = flags;
  const chosen = plan.interactions.filter(({ name }) => only === undefined || name.includes(only));
  if (chosen.length === 0)
    throw new ClewError("bad_config", `no interaction's name contains ${JSON.stringify(only)}`);
  // Recording is told what to expect by the run itself: only broken traces are findings.
  const isRecording = flags.record !== undefined;
  const tenant = flags.tenant ?? plan.tenant;
  const client = new ClewClient({ server: flags.server, tenant, signal });
  const otlp = flags.otlp ?? plan.otlp ?? withPort(flags.server, otlpHttpPort());
  const results: InteractionResult[] = [];
  for (const interaction of chosen) {
    const result = await runInteraction(
      isRecording
        ? { ...interaction, expect: { errors: { min: 0, max: Number.POSITIVE_INFINITY } } }
        : interaction,
      {
        client,
        signal,
        waiting: {
          waitMs: wait,
          settleMs: isRecording ? Math.max(plan.settle, 3000) : plan.settle,
        },
        exportRoots: async (sent) => {
          const warning = await exportRoots(otlp, tenant, sent);
          if (warning !== undefined)
            output.error(
              `clew: the requests' own spans were not taken (${warning}); name the collector with --otlp\n`,
            );
        },
      },
    );
    if (flags.json !== true) output.out(reportText(result));
    results.push(result);
  }
  return results;
}

async function record(
  file: string,
  plan: Plan,
  flags: Flags,
  results: readonly InteractionResult[],
  output: CliOutput,
): Promise<void> {
  const { findingCount } = await import("./report.ts");
  if (results.length < plan.interactions.length)
    throw new ClewError("bad_config", "--record and --only exclude each other");
  if (results.some((result) => findingCount(result) > 0))
    throw new ClewError(
      "bad_request",
      "nothing was recorded: the traces of this run are not whole",
      {
        hint: "a recorded run must be a good one; see the findings above",
      },
    );
  const { recordedPlan } = await import("./record.ts");
  const target = typeof flags.record === "string" ? flags.record : file;
  writeFileSync(target, recordedPlan(readFileSync(file, "utf8"), results));
  output.error(`clew: what to expect was written to ${target}\n`);
}

function withPort(server: string, port: string): string {
  const url = new URL(server);
  url.port = port;
  url.pathname = "/";
  return url.href;
}
