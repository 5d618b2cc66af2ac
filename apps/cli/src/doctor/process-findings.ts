// What can be said about one process of the program: whether the tracer started, once and in time, what it hooked and
// made, what was lost.

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Finding, note, ok, problem, type Section } from "./finding.ts";
import { OTHER_INSTRUMENTATIONS } from "./other-instrumentations.ts";
import type { TracerFile, WatchedProcess } from "./report-files.ts";

const HOW_TO_START =
  "start it before everything else: node --import @clew/sdk/register app.js (NODE_OPTIONS works too)";

function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 15)) return ok("node", `Node ${version}`);
  return problem(
    "node_too_old",
    `Node ${version} is older than the tracer supports`,
    "use Node 22.15 or later",
  );
}

function folderAbove(start: string, has: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, has))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function notStarted(watched: WatchedProcess): Finding {
  const home = entryFolder(watched);
  const installed = folderAbove(home, join("node_modules", "@clew", "sdk"));
  if (installed === undefined) {
    const hint = `npm install @clew/sdk, then ${HOW_TO_START}`;
    return problem(
      "no_tracer",
      "@clew/sdk is not installed where this program would find it",
      hint,
    );
  }
  if (/^(true|1)$/i.test(process.env["OTEL_SDK_DISABLED"]?.trim() ?? "")) {
    return problem("no_tracer", "OTEL_SDK_DISABLED turns the tracer off", "unset it");
  }
  return problem("no_tracer", "the tracer did not start in this process", HOW_TO_START);
}

function entryFolder({ argv, cwd }: WatchedProcess): string {
  return argv[1] === undefined ? cwd : dirname(argv[1]);
}

function copiesFinding(tracers: readonly TracerFile[], watched: WatchedProcess): Finding {
  const { sdk, threadId } = tracers[0] as TracerFile;
  const running = tracers.filter((each) => each.threadId === threadId);
  if (running.length > 1) {
    const list = running.map((each) => `${each.sdk.version} (${each.sdk.file})`).join(", ");
    return problem(
      "several_tracers",
      `${running.length} copies of the tracer run in this process: ${list}`,
      "spans are made twice; see npm ls @clew/sdk, and npm dedupe",
    );
  }
  const others = watched.packages.filter(
    ({ name, folder }) => name === "@clew/sdk" && !sdk.file.startsWith(join(folder, "dist")),
  );
  if (others.length === 0) return ok("tracer", `@clew/sdk ${sdk.version}`);
  const list = others.map(({ folder }) => folder).join(", ");
  return note(
    "several_copies",
    `@clew/sdk ${sdk.version}, and other copies of it that use the same tracer: ${list}`,
    "what they would do otherwise does not count; see npm ls @clew/sdk, and npm dedupe",
  );
}

function hookFindings(tracer: TracerFile, watched: WatchedProcess): Finding[] {
  const findings: Finding[] = [];
  const patched = tracer.modules.filter(({ outcome }) => outcome === "patched");
  if (patched.length > 0) {
    const list = patched.map(({ module, version }) => withVersion(module, version));
    findings.push(ok("hooked", `hooked: ${[...new Set(list)].join(", ")}`));
  }
  const early = earlyModules(tracer, watched);
  if (early.length > 0) {
    findings.push(
      problem(
        "loaded_too_early",
        `loaded before the tracer, and so not traced: ${early.join(", ")}`,
        watched.execArgv.some((each) => each.includes("@clew/sdk"))
          ? "put @clew/sdk/register before the other --import and --require flags"
          : `static imports run before any code: ${HOW_TO_START}`,
      ),
    );
  }
  for (const { module, version, outcome, detail } of tracer.modules) {
    const name = withVersion(module, version);
    if (outcome === "version_not_supported") {
      const which = detail === undefined ? "" : ` (${detail})`;
      findings.push(problem(outcome, `${name} is not of a version that can be traced${which}`));
    }
    if (outcome === "failed") {
      const reason = detail?.split("\n", 1)[0] ?? "";
      findings.push(problem("patch_failed", `${name} could not be instrumented: ${reason}`));
    }
  }
  if (!tracer.esModuleHooks) {
    const hint = "use Node 22.15 or later, or 23.5 or later";
    findings.push(problem("no_es_module_hooks", "this Node cannot show ES modules to us", hint));
  }
  return findings;
}

function nameFindings({ settings }: TracerFile): Finding[] {
  const name = settings.find((each) => each.name === "service")?.value ?? "";
  if (!name.startsWith("unknown_service")) return [];
  return [note("no_name", `the service has no name: it is ${name}`, "set OTEL_SERVICE_NAME")];
}

function withVersion(module: string, version: string | undefined): string {
  return version === undefined ? module : `${module} ${version}`;
}

function earlyModules(tracer: TracerFile, watched: WatchedProcess): string[] {
  const wanted = new Set(
    tracer.libraries.flatMap(({ module, enabled }) => (enabled ? [module] : [])),
  );
  const seen = watched.packages.filter(({ name, ms }) => wanted.has(name) && ms < tracer.startedMs);
  const told = tracer.modules.filter(({ outcome }) => outcome === "loaded_too_early");
  return [...new Set([...seen.map(({ name }) => name), ...told.map(({ module }) => module)])];
}

/** Libraries that the program asks for and nobody traces. */
function unsupported(tracer: TracerFile, watched: WatchedProcess): Finding[] {
  const home = folderAbove(entryFolder(watched), "package.json");
  if (home === undefined) return [];
  const known = new Set(tracer.libraries.flatMap(({ module, name }) => [module, name]));
  const names = dependenciesOf(join(home, "package.json")).filter(
    (name) => !known.has(name) && OTHER_INSTRUMENTATIONS[name] !== undefined,
  );
  return names.map((name) =>
    note(
      "not_supported",
      `${name} is installed, and the tracer does not know it`,
      `${OTHER_INSTRUMENTATIONS[name]} fits: start({ instrumentations: [...] })`,
    ),
  );
}

function dependenciesOf(file: string): string[] {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(file, "utf8")) as {
      dependencies?: Record<string, string>;
    };
    return Object.keys(dependencies);
  } catch {
    return [];
  }
}

function spanFindings(tracers: readonly TracerFile[]): Finding[] {
  const [tracer] = tracers as [TracerFile];
  const findings: Finding[] = [];
  const { ended, dropped, spilled, delivered } = tracer.statistics;
  const scopes = Object.entries(tracer.spans).map(
    ([scope, kinds]) =>
      `${scope}: ${Object.entries(kinds)
        .map(([kind, count]) => `${count} ${kind}`)
        .join(", ")}`,
  );
  if (ended === 0) {
    const hint = "send it a request while the doctor watches; check the sampler below";
    findings.push(note("no_spans", "no span was made", hint));
  } else
    findings.push(ok("spans", `${ended} spans made, ${delivered} sent (${scopes.join("; ")})`));
  if (dropped > 0) findings.push(problem("drops", `${dropped} spans were dropped`));
  if (spilled > 0 && delivered < ended) {
    findings.push(note("spilled", `${spilled} spans wait on the disk until the backend is back`));
  }
  return [...findings, ...contextFindings(tracer)];
}

/** Calls without a parent: jobs have them, and requests whose context got lost on the way. */
function contextFindings({ calls: { total, rootless }, statistics }: TracerFile): Finding[] {
  const lost = Object.entries(statistics.lostContext);
  const began = `${rootless} of ${total} calls to others began a trace of their own`;
  if (lost.length === 0) {
    if (rootless === 0) return [];
    return [
      note("rootless_calls", `${began}, none while a request was served`, "as wanted in jobs"),
    ];
  }
  const sum = lost.reduce((all, [, count]) => all + count, 0);
  const list = lost.map(([scope, count]) => `${scope}: ${count}`).join(", ");
  return [
    note(
      "lost_context",
      `${began}, and ${sum} began while a request was served or a message processed (${list})`,
      "unless they are jobs that run meanwhile, their context got lost: see bind and bindEmitter of @clew/sdk",
    ),
  ];
}

/** All about one process. */
export function processSection(watched: WatchedProcess): Section {
  const { argv, pid, tracers } = watched;
  const program = argv[1] === undefined ? basename(argv[0] ?? "node") : basename(argv[1]);
  const title = `process ${pid} (${program})`;
  const [tracer] = tracers;
  if (tracer === undefined) {
    return { title, findings: [nodeFinding(watched.node), notStarted(watched)] };
  }
  return {
    title,
    findings: [
      nodeFinding(watched.node),
      copiesFinding(tracers, watched),
      ...nameFindings(tracer),
      ...tracer.settingComplaints.map((text) => problem("setting", text)),
      ...tracer.complaints
        .filter((text) => /is unknown|another OpenTelemetry SDK|did not start/.test(text))
        .map((text) => problem("complaint", text)),
      ...hookFindings(tracer, watched),
      ...unsupported(tracer, watched),
      ...spanFindings(tracers),
    ],
    settings: tracer.settings,
  };
}
