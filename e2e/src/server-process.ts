// A real Clew as a child process, for tests that only the outside of it can make: start-up, signals,
// crashes, and what senders, API clients and browsers see.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const CLI = fileURLToPath(new URL("../../apps/cli/src/main.ts", import.meta.url));
const START_MS = 30_000;
const STOP_MS = 30_000;
const LOG_CHARACTERS = 100_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A TCP port that is free on 127.0.0.1 at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** Settings of other runs must not reach the server under test: every CLEW_ name counts. */
function cleanEnvironment(): Record<string, string | undefined> {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("CLEW_"));
  return Object.fromEntries(entries);
}

/** A server on free ports with a data folder of its own. Use one by `await ServerProcess.start()`. */
export class ServerProcess {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly otlpHttpPort: number;
  readonly otlpGrpcPort: number;
  readonly #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #exited: Promise<number> = Promise.resolve(0);
  #log = "";

  private constructor(
    dataDir: string,
    ports: readonly [number, number, number],
    settings: Readonly<Record<string, string>>,
  ) {
    this.dataDir = dataDir;
    [this.apiPort, this.otlpHttpPort, this.otlpGrpcPort] = ports;
    this.#settings = settings;
  }

  /** Starts a server and waits until it is ready. `settings`: CLEW_ names and their values. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    const dataDir = await mkdtemp(join(tmpdir(), "clew-e2e-"));
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const server = new ServerProcess(dataDir, ports, settings);
    await server.launch();
    return server;
  }

  /** Where the UI and the query APIs are, such as `http://127.0.0.1:4319`. */
  get url(): string {
    return `http://127.0.0.1:${this.apiPort}`;
  }

  /** The OTLP/HTTP receiver, without a path. */
  get otlpHttpUrl(): string {
    return `http://127.0.0.1:${this.otlpHttpPort}`;
  }

  get otlpGrpcUrl(): string {
    return `http://127.0.0.1:${this.otlpGrpcPort}`;
  }

  /** The end of what the server has written, over all its starts. */
  get log(): string {
    return this.#log;
  }

  /** Starts the server, on the data that a former start left. Resolves when it is ready. */
  async launch(): Promise<void> {
    const env = {
      ...cleanEnvironment(),
      UV_THREADPOOL_SIZE: "24",
      CLEW_HOST: "127.0.0.1",
      CLEW_DATA_DIR: this.dataDir,
      CLEW_PORT: String(this.apiPort),
      CLEW_OTLP_HTTP_PORT: String(this.otlpHttpPort),
      CLEW_OTLP_GRPC_PORT: String(this.otlpGrpcPort),
      ...this.#settings,
    };
    const child = spawn(process.execPath, [CLI, "serve"], {
      env,
      cwd: this.dataDir,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(child);
    const take = (text: string): void => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS);
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    this.#exited = new Promise((resolve) => {
      child.on("close", (code) => {
        running.delete(child);
        resolve(code ?? -1);
      });
    });
    await until("the server is ready", START_MS, async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        await this.#exited;
        throw new Error(`the server ended at its start:\n${this.#log}`);
      }
      return await this.isReady();
    });
  }

  /** Whether the health check answers 200 now. */
  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/api/v1/health`);
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      return false;
    }
  }

  /** kill -9: nothing is flushed, nothing is closed. */
  async kill(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#exited;
  }

  /** Ctrl-C; resolves to the exit code. Throws when the server does not end. */
  async stop(): Promise<number> {
    this.#child?.kill("SIGINT");
    const deadline = AbortSignal.timeout(STOP_MS);
    const late = new Promise<never>((_resolve, reject) => {
      deadline.onabort = () => reject(new Error(`the server did not stop:\n${this.#log}`));
    });
    return await Promise.race([this.#exited, late]);
  }

  /** Ends the server by force and removes its data: what every test does last. */
  async dispose(): Promise<void> {
    await this.kill();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
