// Runs a command with the probe and the tracer's reports turned on, for a time or until it ends.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClewError } from "@clew/base";
import { readProcesses, type WatchedProcess } from "./report-files.ts";

const PROBE = fileURLToPath(new URL("probe.cjs", import.meta.url));
const CLEW = join(dirname(PROBE), "..", "..", "..", "..", "node_modules");
const GRACE_MS = 5000;

/** How a watched program went. */
export interface WatchedProgram {
  readonly processes: readonly WatchedProcess[];
  /** Such as `exit code 1`; `undefined` when we ended it. */
  readonly ending: string | undefined;
}

export interface WatchOptions {
  readonly forMs: number;
  readonly signal: AbortSignal;
  /** Sends what the program writes to stdout to stderr. */
  readonly quietStdout: boolean;
}

/** `npm run clew` puts Clew's own Node first in the path; the program shall run on its user's. */
function pathOfUser(path: string): string {
  const own = path.split(delimiter).filter((each) => !each.startsWith(CLEW));
  return own.join(delimiter);
}

function environment(folder: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: given = "", PATH = "", ...env } = process.env;
  const probe = `--require ${JSON.stringify(PROBE)}`;
  return {
    ...env,
    PATH: pathOfUser(PATH),
    NODE_OPTIONS: `${probe} ${given}`.trim(),
    CLEW_DOCTOR_FOLDER: folder,
    CLEW_SDK_REPORT: folder,
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    // The whole group: `npm start` and shells keep signals to themselves.
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

function run(command: readonly string[], folder: string, options: WatchOptions) {
  const [file = "", ...args] = command;
  const child = spawn(file, args, {
    env: environment(folder),
    // npm has changed to Clew's folder, and says where it was called.
    cwd: process.env["INIT_CWD"] ?? process.cwd(),
    stdio: ["inherit", options.quietStdout ? 2 : 1, 2],
    detached: process.platform !== "win32",
  });
  return new Promise<string | undefined>((resolve, reject) => {
    let ours = false;
    let kill: NodeJS.Timeout | undefined;
    const stop = (): void => {
      ours = true;
      signalGroup(child, "SIGTERM");
      kill = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS);
    };
    const timer = setTimeout(stop, options.forMs);
    options.signal.addEventListener("abort", stop, { once: true });
    child.on("error", (cause) => {
      clearTimeout(timer);
      const hint = "clew doctor -- node app.js";
      reject(
        new ClewError("bad_config", `${file} cannot be run: ${cause.message}`, { hint, cause }),
      );
    });
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      clearTimeout(kill);
      options.signal.removeEventListener("abort", stop);
      if (ours) signalGroup(child, "SIGKILL");
      resolve(ours ? undefined : signal === null ? `exit code ${code}` : `signal ${signal}`);
    });
  });
}

/** Runs `command` and reads what its processes wrote about themselves. */
export async function watchProgram(
  command: readonly string[],
  options: WatchOptions,
): Promise<WatchedProgram> {
  const folder = mkdtempSync(join(tmpdir(), "clew-doctor-"));
  try {
    const ending = await run(command, folder, options);
    return { processes: readProcesses(folder), ending };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
