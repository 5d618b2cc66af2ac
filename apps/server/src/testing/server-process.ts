// Runs a server in a process of its own, for tests: its output as it comes, its end, requests to it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  readonly child: ChildProcess;
  /** Everything written so far, standard output and standard error as they came. */
  output(): string;
  /** Resolves when the output contains `text`; fails when the process ends without it. */
  says(text: string): Promise<void>;
  /** Exit code, once it has ended. */
  ended(): Promise<number | null>;
}

/** Starts `script` (relative to the server's sources) in `cwd` with nothing of the caller's CLEW_ settings. */
export function serverProcess(
  script: string,
  cwd: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): ServerProcess {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^CLEW_|^UV_|^NODE_OPTIONS$|^VITEST/.test(name),
  );
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...Object.fromEntries(inherited), ...env },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const closed = once(child, "close");
  return {
    child,
    output: () => output,
    async says(text): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => {
        if (output.includes(text)) resolve();
      };
      listeners.add(look);
      void closed.then(() => reject(new Error(`ended without saying ${text}:\n${output}`)));
      look();
      await promise;
      listeners.delete(look);
    },
    async ended(): Promise<number | null> {
      await closed;
      return child.exitCode;
    },
  };
}
