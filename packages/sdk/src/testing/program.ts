// Runs a small program in a process of its own, with the built tracer in front of it, as users do.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const dist = join(packageFolder, "dist");

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Where and how programs run. */
export interface Place {
  readonly folder: string;
  readonly env: Record<string, string>;
}

/** What programs run on unless a test says otherwise: CLEW_TEST_NODE lets all tests try another Node. */
const usualNode = process.env["CLEW_TEST_NODE"] ?? process.execPath;

/** Other Node binaries to test on, from CLEW_TEST_NODES (a list of paths like PATH), beside the one in use. */
export const nodes: readonly string[] = [
  usualNode,
  ...(process.env["CLEW_TEST_NODES"] ?? "").split(":").filter((path) => path !== ""),
];

/** Builds the tracer when nobody has. */
export function ensureBuilt(): void {
  if (existsSync(join(dist, "register.mjs"))) return;
  const built = spawnSync(process.execPath, [join(packageFolder, "build.mjs")], {
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`the tracer did not build: ${built.stderr}`);
}

/** Path of a file of the built tracer. */
export function builtFile(name: string): string {
  return join(dist, name);
}

/** A temporary folder in which `@clew/sdk` can be imported. */
export function makePlace(env: Record<string, string>): Place {
  ensureBuilt();
  const folder = mkdtempSync(join(tmpdir(), "clew-sdk-test-"));
  return { folder, env: { CLEW_SDK_SPILL: join(folder, "spill"), ...env } };
}

export function removePlace(place: Place): void {
  rmSync(place.folder, { recursive: true, force: true });
}

/** Writes `files` into the place's folder. */
export function writeFiles(place: Place, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(place.folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** Starts `source` as a program of the given kind; `%sdk%` in it stands for the built package. */
export function startProgram(
  place: Place,
  kind: "cjs" | "mjs",
  source: string,
  node: string = usualNode,
): { child: ChildProcess; ended: Promise<Ending> } {
  const file = join(place.folder, `program.${kind}`);
  writeFileSync(
    file,
    source.replaceAll("%sdk%", join(dist, kind === "cjs" ? "index.cjs" : "index.mjs")),
  );
  const flag = kind === "cjs" ? "--require" : "--import";
  const register = join(dist, `register.${kind}`);
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const startMs = performance.now();
  const child = spawn(node, [flag, register, file], {
    cwd: place.folder,
    env: { ...inherited, ...place.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, ...output, ms: performance.now() - startMs });
    });
  });
  return { child, ended };
}

/** Runs `source` to its end. */
export function runProgram(
  place: Place,
  kind: "cjs" | "mjs",
  source: string,
  node?: string,
): Promise<Ending> {
  return startProgram(place, kind, source, node).ended;
}
