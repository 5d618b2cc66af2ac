// `clew doctor`: why a service sends no traces, or not all of them.

import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { durationOption } from "../argument-types.ts";
import type { CliOutput } from "../cli-output.ts";
import {
  interruptible,
  type ServerFlags,
  serverOption,
  tenantOption,
} from "../query/query-flags.ts";
import type { Endpoint } from "./endpoint-check.ts";
import { note, ok, problem, type Section } from "./finding.ts";
import type { TracerFile, WatchedProcess } from "./report-files.ts";
import type { WatchedProgram } from "./watch-program.ts";

interface Flags extends ServerFlags {
  for: number;
  json?: true;
}

/** Adds the `doctor` subcommand. */
export function addDoctorCommand(program: Command, output: CliOutput): void {
  program
    .command("doctor")
    .argument("[command...]", "a program to run and look at: clew doctor -- node app.js")
    .summary("say why a Node service sends no traces, or not all of them")
    .description(
      "Runs a program with its tracer's reports turned on, and says what was hooked, what was loaded too early, what\n" +
        "is not supported, which settings count and where they came from, whether spans arrive, which clocks disagree.\n" +
        "Without a program it checks the settings of this environment and the backend.",
    )
    .addOption(serverOption())
    .addOption(tenantOption())
    .addOption(
      durationOption("--for <time>", "how long to watch, unless the program ends before", "10s"),
    )
    .option("--json", "print the report as JSON; what the program prints goes to stderr")
    .addHelpText("after", "\nExit code 0 when all is well, 1 when there are problems.")
    .action(async (command: string[], flags: Flags) => {
      process.exitCode = await interruptible((signal) => doctor(command, flags, output, signal));
    });
}

async function doctor(
  command: readonly string[],
  flags: Flags,
  output: CliOutput,
  signal: AbortSignal,
): Promise<number> {
  const { watchProgram } = await import("./watch-program.ts");
  const alone = command.length === 0;
  const watched = await watchProgram(alone ? emptyProgram() : command, {
    forMs: flags.for,
    signal,
    quietStdout: flags.json === true,
  });
  const sections = alone
    ? environmentSections(watched)
    : await programSections(watched, command.join(" "));
  const tracers = watched.processes.flatMap((each) => each.tracers);
  for (const endpoint of endpointsOf(tracers)) {
    const { checkEndpoint } = await import("./endpoint-check.ts");
    const findings = await checkEndpoint(endpoint);
    sections.push({ title: `where spans go: ${endpoint.url}`, findings });
  }
  const { ClewClient } = await import("../query/clew-client.ts");
  const { checkBackend } = await import("./backend-check.ts");
  const client = new ClewClient({ server: flags.server, tenant: flags.tenant });
  sections.push(await checkBackend(client, flags.server, alone));
  const { doctorJson, doctorText, problemCount } = await import("./report-text.ts");
  output.out(flags.json === true ? doctorJson(sections) : doctorText(sections));
  return problemCount(sections) === 0 ? 0 : 1;
}

/** A program that is nothing but the tracer: its report says what the environment makes of it. */
function emptyProgram(): readonly string[] {
  const register = fileURLToPath(import.meta.resolve("@clew/sdk/register"));
  return [process.execPath, "--import", register, "--eval", "0"];
}

function environmentSections({ processes }: WatchedProgram): Section[] {
  const tracer = processes[0]?.tracers[0];
  if (tracer === undefined) {
    const off = note("disabled", "OTEL_SDK_DISABLED turns the tracer off here");
    return [{ title: "this environment", findings: [off] }];
  }
  return [
    {
      title: "this environment",
      findings: [
        ok("tracer", `@clew/sdk ${tracer.sdk.version}`),
        ...tracer.settingComplaints.map((text) => problem("setting", text)),
      ],
      settings: tracer.settings.filter(({ name }) => name !== "service"),
    },
  ];
}

async function programSections(
  { processes, ending }: WatchedProgram,
  command: string,
): Promise<Section[]> {
  const { processSection } = await import("./process-findings.ts");
  const title = `program: ${command}`;
  if (processes.length === 0) {
    const hint = "give the command that starts the service: clew doctor -- node app.js";
    return [{ title, findings: [problem("no_node", "it ran no Node process", hint)] }];
  }
  const end =
    ending === undefined || ending === "exit code 0"
      ? []
      : [{ title, findings: [note("ending", `the program ended with ${ending}`)] }];
  return [...end, ...relevant(processes).map(processSection)];
}

/** Processes without the tracer are of interest only when none has it: many start helpers of their own. */
function relevant(processes: readonly WatchedProcess[]): readonly WatchedProcess[] {
  const traced = processes.filter(({ tracers }) => tracers.length > 0);
  return traced.length > 0 ? traced : processes;
}

function headersOf(variable: string | undefined): [string, string][] {
  return (variable ?? "").split(",").flatMap((part): [string, string][] => {
    const equals = part.indexOf("=");
    if (equals <= 0) return [];
    return [[part.slice(0, equals).trim(), decoded(part.slice(equals + 1).trim())]];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function endpointsOf(tracers: readonly TracerFile[]): readonly Endpoint[] {
  const headers = Object.fromEntries([
    ...headersOf(process.env["OTEL_EXPORTER_OTLP_HEADERS"]),
    ...headersOf(process.env["OTEL_EXPORTER_OTLP_TRACES_HEADERS"]),
  ]);
  const byUrl = new Map(
    tracers
      .filter((each) => each.export.enabled)
      .map((each) => [each.export.url, { ...each.export, headers }]),
  );
  return [...byUrl.values()];
}
