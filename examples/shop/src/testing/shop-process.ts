// The shop as its users start it, for tests: `main.ts` in a process of its own.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A started shop with everything it printed so far. */
export class ShopProcess {
  output = "";
  readonly #process: ChildProcess;

  constructor(args: readonly string[], env: Record<string, string>) {
    this.#process = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env["PATH"] ?? "", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.output += chunk.toString("utf8");
      });
    }
  }

  /** Resolves when the output contains `text`. */
  async prints(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const { stdout } = this.#process;
      if (stdout === null) throw new Error("no output to read");
      await once(stdout, "data");
    }
  }

  /** The storefront's base URL, once the shop is open. */
  async storefront(): Promise<string> {
    await this.prints("Ctrl-C stops");
    const url = /http:\/\/127\.0\.0\.1:\d+(?=\/\n)/.exec(this.output)?.[0];
    if (url === undefined) throw new Error(`no storefront in: ${this.output}`);
    return url;
  }

  /** The ids of all processes below the supervisor, as the system knows them. */
  descendants(): number[] {
    const table = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    const pairs = table
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number));
    const found: number[] = [];
    const look = (parent: number): void => {
      for (const [pid = 0, ppid = 0] of pairs) {
        if (ppid !== parent) continue;
        found.push(pid);
        look(pid);
      }
    };
    look(this.#process.pid ?? -1);
    return found;
  }

  /** Sends a signal and resolves when the supervisor is gone: exit code and milliseconds. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; tookMs: number }> {
    const startedAt = performance.now();
    const gone = this.exit();
    this.#process.kill(signal);
    return { code: await gone, tookMs: performance.now() - startedAt };
  }

  /** Resolves with the exit code when the supervisor leaves. */
  async exit(): Promise<number | null> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return exitCode;
    const [code] = (await once(this.#process, "exit")) as [number | null];
    return code;
  }
}

/** True while a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
