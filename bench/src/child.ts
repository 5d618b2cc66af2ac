// Programs of this folder and of the command line, run by the same Node in processes of their own, so
// that what they use is not counted as the server's and one engine's memory does not meet another's.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Entry point of the `clew` command. */
export const CLI: string = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Settings of other runs must not reach what is measured: every CLEW_ name counts. */
function cleanEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("CLEW_"));
  return { ...Object.fromEntries(entries), UV_THREADPOOL_SIZE: "24" };
}

/** A child that ends with this process at the latest. stdout and stderr are pipes of text. */
export function startChild(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess & {
  readonly stdout: NodeJS.ReadableStream;
  readonly stderr: NodeJS.ReadableStream;
} {
  const child = spawn(process.execPath, args, {
    env: { ...cleanEnvironment(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.setEncoding("utf8");
  child.stderr.setEncoding("utf8");
  running.add(child);
  child.on("close", () => running.delete(child));
  return child;
}

/** A running program whose standard output is JSON. */
export interface JsonProgram<T> {
  /** What it printed. Rejects when it printed no JSON. */
  readonly result: Promise<T>;
  /** Asks it to end early, as Ctrl-C does. */
  interrupt(): void;
}

/** Starts a TypeScript file with arguments and additions to the environment. */
export function startJsonProgram<T>(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): JsonProgram<T> {
  const child = startChild([file, ...args], env);
  let output = "";
  let errors = "";
  child.stdout.on("data", (text: string) => {
    output += text;
  });
  child.stderr.on("data", (text: string) => {
    errors = (errors + text).slice(-10_000);
  });
  const result = new Promise<T>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      try {
        resolve(JSON.parse(output) as T);
      } catch (cause) {
        reject(new Error(`${file} ended with ${signal ?? code}:\n${output}${errors}`, { cause }));
      }
    });
  });
  return { result, interrupt: () => void child.kill("SIGINT") };
}
